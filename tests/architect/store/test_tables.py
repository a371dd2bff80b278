"""The tables that the code maps are those that the migrations make."""

import pytest
from sqlalchemy import Table, text

from services.architect.store.accounts import AccountRow
from services.architect.store.base import Base
from services.architect.store.drivers import DriverRow
from services.architect.store.holds import HoldRow
from services.architect.store.hypotheses import HypothesisRow
from services.architect.store.models import ModelRow, VersionRow
from services.architect.store.proof_points import ProofPointRow
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.ids import new_id

ROWS = (AccountRow, DriverRow, HypothesisRow, ModelRow, VersionRow, HoldRow, ProofPointRow)

_COLUMNS = text(
    "SELECT column_name, is_nullable = 'YES' AS nullable FROM information_schema.columns "
    "WHERE table_schema = 'architect' AND table_name = :table"
)


def test_every_mapped_table_is_looked_at() -> None:
    assert {row.__tablename__ for row in ROWS} == set(Base.metadata.tables)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__tablename__)
async def test_the_columns_and_what_may_be_absent_agree(database: Database, row: type[Base]) -> None:
    table = row.__table__
    assert isinstance(table, Table)
    async with database.unit_of_work(Actor(new_id(), "ada")) as uow:
        found = (await uow.session.execute(_COLUMNS, {"table": table.name})).all()
    assert {each.column_name: each.nullable for each in found} == {
        column.name: column.nullable for column in table.columns
    }
