"""The tables that the code maps are those that the migrations make, and each keeps tenants apart."""

from typing import Any

import pytest
from sqlalchemy import Row, Table, text

from services.chassis.actor import Actor
from services.committer.store.base import Base
from services.committer.store.commitments import CommitmentRow
from services.committer.store.contracts import ContractRow
from services.committer.store.models import ModelVersionRow
from services.committer.store.results import MilestoneResultRow, PeriodResultRow
from services.committer.store.settlements import SettlementRow
from tests.committer.api.cases import Deal
from tests.harness.platform import Company

ROWS = (
    CommitmentRow,
    ContractRow,
    ModelVersionRow,
    MilestoneResultRow,
    PeriodResultRow,
    SettlementRow,
)

_COLUMNS = (
    "SELECT column_name, is_nullable = 'YES' AS nullable FROM information_schema.columns "
    "WHERE table_schema = 'committer' AND table_name = :table"
)
_SECURITY = (
    "SELECT relrowsecurity, relforcerowsecurity FROM pg_class "
    "WHERE oid = ('committer.' || cast(:table AS text))::regclass"
)


async def _asked(company: Company, statement: str, row: type[Base]) -> list[Row[Any]]:
    async with Deal(company).runtime.database.unit_of_work(Actor(company.tenant, "ada")) as uow:
        found = await uow.session.execute(text(statement), {"table": row.__tablename__})
        return list(found.all())


def test_every_mapped_table_is_looked_at() -> None:
    assert {row.__tablename__ for row in ROWS} == set(Base.metadata.tables)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__tablename__)
async def test_the_columns_and_what_may_be_absent_agree(company: Company, row: type[Base]) -> None:
    table = row.__table__
    assert isinstance(table, Table)
    found = await _asked(company, _COLUMNS, row)
    assert {each.column_name: each.nullable for each in found} == {
        column.name: column.nullable for column in table.columns
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__tablename__)
async def test_row_security_is_on_and_forced(company: Company, row: type[Base]) -> None:
    assert await _asked(company, _SECURITY, row) == [(True, True)]
