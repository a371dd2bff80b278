"""The plumbing, recipients, and the in-app inbox."""

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
    locale text NOT NULL,
    time_zone text NOT NULL,
    roles text[] NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sub)
)
"""

MESSAGES = """
CREATE TABLE messages (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    recipient text NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    subject text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    link text NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, event_id, recipient)
)
"""

# The inbox's page, newest first, and its count of unread messages.
INBOX = "CREATE INDEX messages_inbox ON messages (tenant_id, recipient, id)"
UNREAD = "CREATE INDEX messages_unread ON messages (tenant_id, recipient) WHERE read_at IS NULL"


def upgrade() -> None:
    for statement in [
        *plumbing_v1("notification"),
        RECIPIENTS,
        MESSAGES,
        INBOX,
        UNREAD,
        *keep_tenants_apart("recipients"),
        *keep_tenants_apart("messages"),
    ]:
        op.execute(statement)
