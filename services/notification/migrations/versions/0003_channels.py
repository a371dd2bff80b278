"""E-mail and webhooks: endpoints and their secrets, preferences, suppressions, deliveries that are sent."""

from alembic import op

from services.chassis.rows import keep_tenants_apart, let_system_work

revision = "0003"
down_revision = "0002"

ENDPOINTS = """
CREATE TABLE endpoints (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    url text NOT NULL,
    event_types text[] NOT NULL,
    description text NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'disabled')),
    disabled_because text CHECK ((disabled_because IS NOT NULL) = (state = 'disabled')),
    failing_since timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
"""

# Apart from the endpoints, so that nothing that lists these can show one.
SECRETS = """
CREATE TABLE endpoint_secrets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    secret text NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE
)
"""

PREFERENCES = """
CREATE TABLE preferences (
    tenant_id uuid NOT NULL,
    recipient_id uuid NOT NULL,
    version integer NOT NULL,
    choices json NOT NULL,
    PRIMARY KEY (tenant_id, recipient_id),
    FOREIGN KEY (tenant_id, recipient_id) REFERENCES recipients (tenant_id, id) ON DELETE CASCADE
)
"""

SUPPRESSIONS = """
CREATE TABLE suppressions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    address text NOT NULL CHECK (address = lower(address)),
    cause text NOT NULL CHECK (cause IN ('refused', 'by-hand')),
    reason text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, address)
)
"""

# A delivery goes to a person, by way of their message, or to an endpoint, with the words it takes there.
# `due_at` is when it may be taken next: of one that is being sent, when the lease of `lease_owner` ends.
DELIVERIES = (
    "ALTER TABLE deliveries ALTER message_id DROP NOT NULL, ALTER delivered_at DROP NOT NULL, "
    "ADD event_id uuid, ADD event_type text, ADD subject text, ADD endpoint_id uuid, ADD body text, "
    "ADD attempts integer NOT NULL DEFAULT 0, ADD due_at timestamptz, ADD lease_owner uuid, ADD reason text, "
    "ADD created_at timestamptz",
    # Row security is forced on the owner too, who is to see every tenant's rows here.
    "ALTER TABLE deliveries NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE messages NO FORCE ROW LEVEL SECURITY",
    "UPDATE deliveries SET event_id = message.event_id, event_type = message.event_type, "
    "subject = message.subject, created_at = message.created_at FROM messages AS message "
    "WHERE message.tenant_id = deliveries.tenant_id AND message.id = deliveries.message_id",
    "ALTER TABLE deliveries FORCE ROW LEVEL SECURITY",
    "ALTER TABLE messages FORCE ROW LEVEL SECURITY",
    "ALTER TABLE deliveries DROP CONSTRAINT deliveries_channel_check, DROP CONSTRAINT deliveries_state_check",
    "ALTER TABLE deliveries ALTER event_id SET NOT NULL, ALTER event_type SET NOT NULL, "
    "ALTER subject SET NOT NULL, ALTER created_at SET NOT NULL, ALTER attempts DROP DEFAULT, "
    "ADD CHECK (channel IN ('in-app', 'email', 'webhook')), "
    "ADD CHECK (state IN "
    "('pending', 'sending', 'retrying', 'delivered', 'read', 'dead', 'suppressed')), "
    "ADD CHECK ((due_at IS NOT NULL) = (state IN ('pending', 'sending', 'retrying'))), "
    "ADD CHECK ((lease_owner IS NOT NULL) = (state = 'sending')), "
    "ADD CHECK ((message_id IS NULL) = (channel = 'webhook')), "
    "ADD CHECK ((endpoint_id IS NOT NULL) = (channel = 'webhook')), "
    "ADD CHECK ((body IS NOT NULL) = (channel = 'webhook')), "
    "ADD CHECK (state NOT IN ('delivered', 'read') OR delivered_at IS NOT NULL), "
    "ADD UNIQUE (tenant_id, endpoint_id, event_id), "
    "ADD FOREIGN KEY (tenant_id, endpoint_id) REFERENCES endpoints (tenant_id, id) ON DELETE CASCADE",
)

INDEXES = (
    # The sender's claim.
    "CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL",
    # What operators look for.
    "CREATE INDEX deliveries_about ON deliveries (tenant_id, subject, id)",
    "CREATE INDEX deliveries_of_event ON deliveries (tenant_id, event_id, id)",
    "CREATE INDEX deliveries_in_state ON deliveries (tenant_id, state, id)",
    "CREATE INDEX secrets_of_endpoint ON endpoint_secrets (tenant_id, endpoint_id)",
)


def upgrade() -> None:
    for statement in (
        ENDPOINTS,
        SECRETS,
        PREFERENCES,
        SUPPRESSIONS,
        *DELIVERIES,
        *INDEXES,
        *keep_tenants_apart("endpoints"),
        *keep_tenants_apart("endpoint_secrets"),
        *keep_tenants_apart("preferences"),
        *keep_tenants_apart("suppressions"),
        *let_system_work(
            "deliveries",
            "notification_system",
            read=("tenant_id", "id", "state", "attempts", "due_at", "lease_owner"),
            write=("state", "attempts", "due_at", "lease_owner"),
        ),
    ):
        op.execute(statement)
