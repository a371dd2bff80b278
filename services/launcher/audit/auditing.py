"""Carrying out the rules on one snapshot of the databases."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from services.chassis.rows import TENANT_SETTING
from services.launcher.audit.deliveries import DELIVERIES
from services.launcher.audit.messages import MESSAGES
from services.launcher.audit.money import SETTLEMENTS
from services.launcher.audit.promises import CONTRACTS, PLANS, SUCCESS_PLANS
from services.launcher.audit.requests import Tables, requests
from services.launcher.audit.rules import Rule, Subject, with_views
from services.launcher.audit.sagas import SAGAS
from services.schemas.directory import SERVICES

_TABLES = text(
    """
    SELECT table_schema, table_name, array_agg(column_name::text)
    FROM information_schema.columns WHERE table_schema = ANY(:schemas)
    GROUP BY table_schema, table_name
    HAVING bool_or(column_name = 'id' AND data_type = 'uuid') AND bool_or(column_name = 'tenant_id')
    ORDER BY table_schema, table_name
    """
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not hold: `id` is the row's that it was found at."""

    tenant: UUID
    rule: str
    id: str
    what: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was looked at of one subject, over all tenants, and found."""

    subject: str
    looked_at: int
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Audit:
    """The outcome for all subjects."""

    tenants: int
    outcomes: Sequence[Outcome]

    @property
    def findings(self) -> list[Finding]:
        return [finding for outcome in self.outcomes for finding in outcome.findings]


async def audit(owner_url: str, *, patience: timedelta, tenant: UUID | None = None) -> Audit:
    """Looks at one tenant, or at all that the architect knows: it is the first to be told of each."""
    async with _snapshot(owner_url) as connection:
        tenants = [tenant] if tenant else await known_tenants(connection)
        return await look(connection, tenants, patience=patience)


async def look(connection: AsyncConnection, tenants: Sequence[UUID], *, patience: timedelta) -> Audit:
    """The audit of some tenants in the transaction of a connection of the owner's."""
    subjects = await subjects_of(connection)
    return Audit(
        len(tenants), [await _look_at(connection, subject, tenants, patience) for subject in subjects]
    )


async def subjects_of(connection: AsyncConnection) -> Sequence[Subject]:
    """Everything that is looked at, in the order of a request's way."""
    answered = requests(await _tables(connection))
    return answered, MESSAGES, SAGAS, CONTRACTS, PLANS, SUCCESS_PLANS, SETTLEMENTS, DELIVERIES


@asynccontextmanager
async def _snapshot(owner_url: str) -> AsyncIterator[AsyncConnection]:
    url = make_url(owner_url).set(drivername="postgresql+asyncpg")
    arguments: dict[str, object] = {"timeout": 10}
    if url.host in {"127.0.0.1", "localhost", "::1"}:
        arguments["ssl"] = False
    engine = create_async_engine(
        url, poolclass=NullPool, connect_args=arguments, isolation_level="REPEATABLE READ"
    )
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SET TRANSACTION READ ONLY"))
            yield connection
    finally:
        await engine.dispose()


async def _tables(connection: AsyncConnection) -> Tables:
    rows = await connection.execute(_TABLES, {"schemas": list(SERVICES)})
    return {(schema, name): columns for schema, name, columns in rows}


async def known_tenants(connection: AsyncConnection) -> list[UUID]:
    """All that the architect knows, the oldest first."""
    rows = await connection.scalars(text("SELECT tenant_id FROM architect.tenants ORDER BY provisioned_at"))
    return list(rows)


async def _look_at(
    connection: AsyncConnection, subject: Subject, tenants: Sequence[UUID], patience: timedelta
) -> Outcome:
    looked_at, findings = 0, []
    for tenant in tenants:
        await enter(connection, tenant)
        looked_at += await _count(connection, subject, patience)
        for rule in subject.rules:
            findings += await broken(connection, rule, tenant, patience)
    return Outcome(subject.name, looked_at, findings)


async def enter(connection: AsyncConnection, tenant: UUID) -> None:
    """Shows the rest of the transaction this tenant's rows."""
    await connection.execute(
        text("SELECT set_config(:name, :tenant, true)"), {"name": TENANT_SETTING, "tenant": str(tenant)}
    )


async def _count(connection: AsyncConnection, subject: Subject, patience: timedelta) -> int:
    return int(await connection.scalar(text(with_views(subject.counted)), {"patience": patience}) or 0)


async def broken(connection: AsyncConnection, rule: Rule, tenant: UUID, patience: timedelta) -> list[Finding]:
    """What one rule finds of the tenant that the transaction is set to."""
    rows = await connection.execute(text(with_views(rule.query)), {"patience": patience})
    return [Finding(tenant, rule.holds, str(row.id), row.what) for row in rows]
