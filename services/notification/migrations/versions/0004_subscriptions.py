"""Subscriptions: what people follow beyond what concerns them anyway."""

from alembic import op

from services.chassis.rows import keep_tenants_apart

revision = "0004"
down_revision = "0003"

SUBSCRIPTIONS = """
CREATE TABLE subscriptions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    recipient_id uuid NOT NULL,
    event_types text[] NOT NULL,
    about uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES recipients (tenant_id, id) ON DELETE CASCADE
)
"""

INDEXES = (
    "CREATE INDEX subscriptions_of_recipient ON subscriptions (tenant_id, recipient_id, id)",
    # Who follows what an event is about.
    "CREATE INDEX subscriptions_about ON subscriptions (tenant_id, about)",
)


def upgrade() -> None:
    for statement in (SUBSCRIPTIONS, *INDEXES, *keep_tenants_apart("subscriptions")):
        op.execute(statement)
