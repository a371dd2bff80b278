"""The plumbing; recipients, messages to them, and deliveries of these."""

from alembic import op

from services.chassis.plumbing import plumbing_v1
from services.chassis.rows import keep_tenants_apart

revision = "0001"
down_revision = None

RECIPIENTS = """
CREATE TABLE recipients (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    sub text NOT NULL,
    name text NOT NULL,
    email text,
    phone text,
    locale text NOT NULL,
    time_zone text NOT NULL,
    roles text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sub)
)
"""

MESSAGES = """
CREATE TABLE messages (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    recipient_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    subject text NOT NULL,
    sequence bigint NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    link text NOT NULL,
    occurred_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, event_id, recipient_id),
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES recipients (tenant_id, id) ON DELETE CASCADE
)
"""

DELIVERIES = """
CREATE TABLE deliveries (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    channel text NOT NULL CHECK (channel IN ('in-app')),
    state text NOT NULL CHECK (state IN ('delivered', 'read')),
    delivered_at timestamptz NOT NULL,
    read_at timestamptz CHECK ((read_at IS NOT NULL) = (state = 'read')),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, message_id, channel),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages (tenant_id, id) ON DELETE CASCADE
)
"""

INDEXES = (
    "CREATE INDEX messages_of_recipient ON messages (tenant_id, recipient_id, id)",
    "CREATE INDEX messages_about ON messages (tenant_id, subject, event_type)",
)


def upgrade() -> None:
    for statement in (
        *plumbing_v1("notification"),
        RECIPIENTS,
        MESSAGES,
        DELIVERIES,
        *INDEXES,
        *keep_tenants_apart("recipients"),
        *keep_tenants_apart("messages"),
        *keep_tenants_apart("deliveries"),
    ):
        op.execute(statement)
