"""The tables that the code maps are those that the migrations make, and each keeps tenants apart."""

from typing import Any

import pytest
from sqlalchemy import Row, Table, text

from services.notification.store.base import Base
from services.notification.store.deliveries import DeliveryRow
from services.notification.store.endpoints import EndpointRow, EndpointSecretRow
from services.notification.store.messages import MessageRow
from services.notification.store.preferences import PreferencesRow
from services.notification.store.recipients import RecipientRow
from services.notification.store.subscriptions import SubscriptionRow
from services.notification.store.suppressions import SuppressionRow
from tests.harness.platform import Company
from tests.notification.happenings import Happenings

ROWS = (
    RecipientRow,
    MessageRow,
    DeliveryRow,
    EndpointRow,
    EndpointSecretRow,
    PreferencesRow,
    SubscriptionRow,
    SuppressionRow,
)

_COLUMNS = (
    "SELECT column_name, is_nullable = 'YES' AS nullable FROM information_schema.columns "
    "WHERE table_schema = 'notification' AND table_name = :table"
)
_SECURITY = (
    "SELECT relrowsecurity, relforcerowsecurity FROM pg_class "
    "WHERE oid = ('notification.' || cast(:table AS text))::regclass"
)


async def _asked(company: Company, happenings: Happenings, statement: str, row: type[Base]) -> list[Row[Any]]:
    async with happenings.runtime.database.unit_of_work(happenings.actor_of(company)) as uow:
        found = await uow.session.execute(text(statement), {"table": row.__tablename__})
        return list(found.all())


def test_every_mapped_table_is_looked_at() -> None:
    assert {row.__tablename__ for row in ROWS} == set(Base.metadata.tables)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__tablename__)
async def test_the_columns_and_what_may_be_absent_agree(
    company: Company, happenings: Happenings, row: type[Base]
) -> None:
    table = row.__table__
    assert isinstance(table, Table)
    found = await _asked(company, happenings, _COLUMNS, row)
    assert {each.column_name: each.nullable for each in found} == {
        column.name: column.nullable for column in table.columns
    }


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__tablename__)
async def test_row_security_is_on_and_forced(
    company: Company, happenings: Happenings, row: type[Base]
) -> None:
    assert await _asked(company, happenings, _SECURITY, row) == [(True, True)]
