"""The plumbing; success plans with their periods, measurements and proof points."""

from alembic import op

from services.chassis.plumbing import plumbing_v1, plumbing_v2
from services.chassis.rows import keep_tenants_apart, let_system_work

revision = "0001"
down_revision = None

# `document` is the command that made the plan, `model` the version that it names, fetched once. Who may fetch
# it next, and when, is leased by `fetch_after`. `readings` counts the measurements.
PLANS = """
CREATE TABLE success_plans (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    contract_id uuid NOT NULL,
    account_id uuid,
    name text NOT NULL,
    owner text NOT NULL,
    state text NOT NULL CHECK (state IN ('fetching', 'active', 'refused', 'terminated', 'cancelled')),
    document json NOT NULL,
    model json,
    findings json NOT NULL,
    fetch_after timestamptz NOT NULL,
    readings integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (state <> 'active' OR model IS NOT NULL)
)
"""

# One plan a contract; a cancelled one makes room, as an activation that failed may be tried again.
ONE_A_CONTRACT = """
CREATE UNIQUE INDEX one_plan_a_contract ON success_plans (tenant_id, contract_id) WHERE state <> 'cancelled'
"""

# `figures` are those under review or closed; `superseded` are those that restatements replaced.
PERIODS = """
CREATE TABLE periods (
    tenant_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    place integer NOT NULL CHECK (place >= 0),
    version integer NOT NULL,
    key text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'in_review', 'closed', 'restated')),
    requested_by text,
    closed_by text,
    closed_at timestamptz,
    corrected_by text[] NOT NULL,
    figures json,
    superseded json NOT NULL,
    PRIMARY KEY (tenant_id, plan_id, place),
    UNIQUE (tenant_id, plan_id, key),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES success_plans (tenant_id, id) ON DELETE CASCADE,
    CHECK (state NOT IN ('closed', 'restated') OR (closed_by <> requested_by AND figures IS NOT NULL))
)
"""

MEASUREMENTS = """
CREATE TABLE measurements (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    plan_id uuid NOT NULL,
    metric text NOT NULL,
    month text NOT NULL,
    value numeric NOT NULL,
    recorded_on date NOT NULL,
    recorded_by text NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, plan_id, metric, month, recorded_on),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES success_plans (tenant_id, id) ON DELETE CASCADE
)
"""

PROOF_POINTS = """
CREATE TABLE proof_points (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    plan_id uuid NOT NULL,
    driver_key text NOT NULL,
    input text NOT NULL,
    metric text NOT NULL,
    measured numeric NOT NULL,
    realised numeric NOT NULL,
    currency text NOT NULL,
    periods text[] NOT NULL,
    published_by text NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES success_plans (tenant_id, id) ON DELETE CASCADE
)
"""

# By contract, not by plan: a milestone may be told of before the plan is made.
RAMP_STARTS = """
CREATE TABLE ramp_starts (
    tenant_id uuid NOT NULL,
    contract_id uuid NOT NULL,
    driver_key text NOT NULL,
    started_on date NOT NULL,
    PRIMARY KEY (tenant_id, contract_id, driver_key)
)
"""

INDEXES = (
    "CREATE INDEX plans_to_fetch ON success_plans (fetch_after) WHERE state = 'fetching'",
    "CREATE INDEX plans_of_account ON success_plans (tenant_id, account_id, id)",
    "CREATE INDEX measurements_of_plan ON measurements (tenant_id, plan_id, id)",
    "CREATE INDEX proof_points_of_plan ON proof_points (tenant_id, plan_id, id)",
)


def upgrade() -> None:
    for statement in (
        *plumbing_v1("amplifier"),
        *plumbing_v2("amplifier"),
        PLANS,
        ONE_A_CONTRACT,
        PERIODS,
        MEASUREMENTS,
        PROOF_POINTS,
        RAMP_STARTS,
        *INDEXES,
        *keep_tenants_apart("success_plans"),
        *keep_tenants_apart("periods"),
        *keep_tenants_apart("measurements"),
        *keep_tenants_apart("proof_points"),
        *keep_tenants_apart("ramp_starts"),
        *let_system_work(
            "success_plans",
            "amplifier_system",
            read=("tenant_id", "id", "state", "fetch_after"),
            write=("fetch_after",),
        ),
    ):
        op.execute(statement)
