"""The chassis's own tables, in every service's schema: outbox, inbox, idempotency, files, tenants, sagas.

They carry no schema name: a service's connections have its schema alone on their search path.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

_now = func.now()


def _tenant(*, primary_key: bool = False) -> Column[object]:
    return Column("tenant_id", Uuid, nullable=False, primary_key=primary_key)


def _time(name: str, *, nullable: bool = False) -> Column[object]:
    default = None if nullable else _now
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=default)


tenants = Table(
    "tenants",
    metadata,
    _tenant(primary_key=True),
    Column("name", Text, nullable=False),
    _time("provisioned_at"),
)

aggregate_sequences = Table(
    "aggregate_sequences",
    metadata,
    _tenant(primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant(primary_key=True),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("traceparent", Text),
    _time("occurred_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_owner", Uuid),
    _time("lease_until", nullable=True),
    _time("published_at", nullable=True),
    Column("last_error", Text),
    Column("header", JSONB),  # of a command or a reply; since version 2
    UniqueConstraint("tenant_id", "subject", "sequence"),
)

inbox = Table(
    "inbox",
    metadata,
    _tenant(primary_key=True),
    Column("consumer", Text, primary_key=True),
    Column("message_id", Uuid, primary_key=True),
    _time("handled_at"),
)

# What the in-process bus keeps where a broker would have its back-off and dead-letter queues.
parked_messages = Table(
    "parked_messages",
    metadata,
    _tenant(primary_key=True),
    Column("message_id", Uuid, primary_key=True),
    Column("envelope", JSONB, nullable=False),
    Column("attempts", SmallInteger, nullable=False),
    _time("not_before"),
    _time("dead_since", nullable=True),
    Column("last_error", Text, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _tenant(primary_key=True),
    Column("sub", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("lease_owner", Uuid),
    _time("lease_until", nullable=True),
    Column("status", SmallInteger),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    _time("claimed_at"),
)

files = Table(
    "files",
    metadata,
    _tenant(primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _time("created_at"),
)

# Version 2: sagas, on the side of whoever conducts them …

sagas = Table(
    "sagas",
    metadata,
    _tenant(primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("undoing", Boolean, nullable=False),
    Column("round", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("reason", Text),
    _time("due_at", nullable=True),
    Column("lease_owner", Uuid),
    _time("lease_until", nullable=True),
    _time("started_at"),
    _time("ended_at", nullable=True),
)

saga_log = Table(
    "saga_log",
    metadata,
    _tenant(primary_key=True),
    Column("saga_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    _time("at"),
    Column("actor", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("step", Text),
    Column("compensation", Boolean, nullable=False),
    Column("attempt", Integer),
    Column("command_id", Uuid),
    Column("reason", Text),
    ForeignKeyConstraint(["tenant_id", "saga_id"], ["sagas.tenant_id", "sagas.id"]),
)

# … and of whoever takes part: each command that was answered, and how.
handled_commands = Table(
    "handled_commands",
    metadata,
    _tenant(primary_key=True),
    Column("command_id", Uuid, primary_key=True),
    Column("saga_id", Uuid, nullable=False),
    Column("step", Text, nullable=False),
    Column("compensation", Boolean, nullable=False),
    Column("type", Text, nullable=False),
    Column("refusal", Text),
    _time("handled_at"),
)
