"""The DDL of the chassis's tables, by version: each service's migrations call these, forward only.

A version is frozen once released; a change is a new function that a service calls in a new migration.
"""

from collections.abc import Iterator

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from services.chassis import tables
from services.chassis.rows import keep_tenants_apart, let_system_work

_TABLES_V1 = (
    tables.tenants,
    tables.aggregate_sequences,
    tables.outbox,
    tables.inbox,
    tables.parked_messages,
    tables.idempotency_keys,
    tables.files,
)

_TABLES_V2 = (tables.sagas, tables.saga_log, tables.handled_commands)
_COLUMNS_V2 = frozenset({("outbox", "header")})


def plumbing_v1(schema: str) -> Iterator[str]:
    """All statements that make the chassis's tables in a service's schema (the search path names it)."""
    system = f"{schema}_system"
    for table in _TABLES_V1:
        yield _create(table, later=_COLUMNS_V2)
        yield from keep_tenants_apart(table.name)
    # The relay's claim and its head-of-line guard.
    yield "CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL"
    yield (
        "CREATE INDEX outbox_head_of_line ON outbox (tenant_id, subject, sequence) WHERE published_at IS NULL"
    )
    # Pruning.
    yield "CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL"
    yield "CREATE INDEX inbox_handled ON inbox (handled_at)"
    yield "CREATE INDEX idempotency_claimed ON idempotency_keys (claimed_at)"
    # Redelivery.
    yield "CREATE INDEX parked_due ON parked_messages (not_before) WHERE dead_since IS NULL"
    yield from let_system_work(
        "outbox",
        system,
        read=(
            "id",
            "tenant_id",
            "subject",
            "sequence",
            "occurred_at",
            "attempts",
            "lease_owner",
            "lease_until",
            "published_at",
        ),
        write=("attempts", "lease_owner", "lease_until", "published_at", "last_error"),
        delete=True,
    )
    yield from let_system_work(
        "inbox", system, read=("tenant_id", "consumer", "message_id", "handled_at"), delete=True
    )
    yield from let_system_work(
        "parked_messages",
        system,
        read=("tenant_id", "message_id", "attempts", "not_before", "dead_since"),
        write=("not_before", "attempts"),
    )
    yield from let_system_work(
        "idempotency_keys",
        system,
        read=("tenant_id", "sub", "method", "route", "key", "claimed_at"),
        delete=True,
    )


def plumbing_v2(schema: str) -> Iterator[str]:
    """What sagas need: the header of commands in the outbox, the conductor's tables and the participant's."""
    yield "ALTER TABLE outbox ADD COLUMN header jsonb"
    for table in _TABLES_V2:
        yield _create(table)
        yield from keep_tenants_apart(table.name)
    # The runner's claim, and what it measures.
    yield "CREATE INDEX sagas_live ON sagas (due_at) WHERE status IN ('running', 'compensating', 'stuck')"
    # Whether a step was done here, or undone before it came.
    yield "CREATE INDEX handled_commands_of_step ON handled_commands (tenant_id, saga_id, step)"
    yield from let_system_work(
        "sagas",
        f"{schema}_system",
        read=("tenant_id", "id", "name", "status", "due_at", "lease_owner", "lease_until"),
        write=("lease_owner", "lease_until"),
    )


def _create(table: Table, *, later: frozenset[tuple[str, str]] = frozenset()) -> str:
    """The statement that makes a table without the columns that a later version adds."""
    statement = CreateTable(table)
    statement.columns = [each for each in statement.columns if (table.name, each.element.name) not in later]
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    return str(statement.compile(dialect=dialect))
