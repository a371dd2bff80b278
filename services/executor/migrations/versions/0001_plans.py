"""The plumbing; plans, their milestones and their activities."""

from alembic import op

from services.chassis.plumbing import plumbing_v1, plumbing_v2
from services.chassis.rows import keep_tenants_apart

revision = "0001"
down_revision = None

PLANS = """
CREATE TABLE plans (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    contract_id uuid NOT NULL,
    account_id uuid,
    name text NOT NULL,
    owner text NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'active', 'completed', 'cancelled')),
    effective_on date NOT NULL,
    time_zone text NOT NULL,
    holidays date[] NOT NULL,
    baseline_finish date,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
"""

# One plan a contract; a cancelled one makes room, as an activation that failed may be tried again.
ONE_A_CONTRACT = """
CREATE UNIQUE INDEX one_plan_a_contract ON plans (tenant_id, contract_id) WHERE state <> 'cancelled'
"""

MILESTONES = """
CREATE TABLE milestones (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    plan_id uuid NOT NULL,
    key text NOT NULL,
    label text NOT NULL,
    due date NOT NULL,
    driver_keys text[] NOT NULL,
    commitment_ids uuid[] NOT NULL,
    term_id text,
    state text NOT NULL
        CHECK (state IN ('planned', 'in_progress', 'blocked', 'delivered', 'accepted', 'rejected')),
    expected_on date,
    at_risk boolean NOT NULL,
    reason text,
    delivered_by text,
    delivered_at timestamptz,
    accepted_by text,
    accepted_on date,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, plan_id, key),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id) ON DELETE CASCADE,
    CHECK (state <> 'accepted' OR (accepted_by <> delivered_by AND accepted_on IS NOT NULL))
)
"""

ACTIVITIES = """
CREATE TABLE activities (
    tenant_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    key text NOT NULL,
    position integer NOT NULL,
    document json NOT NULL,
    percent double precision NOT NULL CHECK (percent BETWEEN 0 AND 100),
    actual_start date,
    actual_finish date,
    PRIMARY KEY (tenant_id, plan_id, key),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES plans (tenant_id, id) ON DELETE CASCADE
)
"""

OF_ACCOUNT = "CREATE INDEX plans_of_account ON plans (tenant_id, account_id, id)"


def upgrade() -> None:
    for statement in (
        *plumbing_v1("executor"),
        *plumbing_v2("executor"),
        PLANS,
        ONE_A_CONTRACT,
        OF_ACCOUNT,
        MILESTONES,
        ACTIVITIES,
        *keep_tenants_apart("plans"),
        *keep_tenants_apart("milestones"),
        *keep_tenants_apart("activities"),
    ):
        op.execute(statement)
