"""Jobs: what was asked, how far it is, and what came of it."""

from alembic import op

from services.chassis.rows import keep_tenants_apart, let_system_work

revision = "0003"
down_revision = "0002"

# `done` and `total` count draws. `due_at` is when a job that is not done fails. `attempts` counts the leases
# since there was progress.
JOBS = """
CREATE TABLE jobs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    actor text NOT NULL,
    operation text NOT NULL,
    request bytea NOT NULL,
    traceparent text,
    status text NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL,
    result bytea CHECK ((result IS NOT NULL) = (status = 'succeeded')),
    problem json CHECK ((problem IS NOT NULL) = (status = 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    lease_owner uuid,
    lease_until timestamptz,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz CHECK ((ended_at IS NOT NULL) = (status IN ('succeeded', 'failed', 'cancelled'))),
    PRIMARY KEY (tenant_id, id)
)
"""


def upgrade() -> None:
    op.execute(JOBS)
    # What is claimed, counted, and bounded a tenant.
    op.execute("CREATE INDEX jobs_live ON jobs (created_at) WHERE status IN ('queued', 'running')")
    op.execute("CREATE INDEX jobs_live_of_tenant ON jobs (tenant_id) WHERE status IN ('queued', 'running')")
    # What is pruned.
    op.execute("CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL")
    work = let_system_work(
        "jobs",
        "calculation_engine_system",
        read=(
            "tenant_id",
            "id",
            "status",
            "attempts",
            "lease_owner",
            "lease_until",
            "created_at",
            "started_at",
            "ended_at",
        ),
        write=("status", "attempts", "lease_owner", "lease_until", "started_at"),
        delete=True,
    )
    for statement in (*keep_tenants_apart("jobs"), *work):
        op.execute(statement)
