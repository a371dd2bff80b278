"""The plumbing; commitments, contracts, what is known of them, and settlements."""

from alembic import op

from services.chassis.plumbing import plumbing_v1, plumbing_v2
from services.chassis.rows import keep_tenants_apart

revision = "0001"
down_revision = None

# What the architect's events told of models: a promise of a superseded version is not agreed on any more.
MODEL_VERSIONS = """
CREATE TABLE model_versions (
    tenant_id uuid NOT NULL,
    model_id uuid NOT NULL,
    version integer NOT NULL,
    version_hash text NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    owner text NOT NULL,
    superseded_by integer,
    PRIMARY KEY (tenant_id, model_id, version)
)
"""

CONTRACTS = """
CREATE TABLE contracts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    account_id uuid NOT NULL,
    model_id uuid NOT NULL,
    model_version integer NOT NULL,
    version_hash text NOT NULL,
    currency text NOT NULL,
    name text NOT NULL,
    owner text NOT NULL,
    authors text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'in_review', 'approved', 'signed', 'activating',
        'activation_failed', 'active', 'completed', 'terminated')),
    effective_on date NOT NULL,
    time_zone text NOT NULL,
    period_length text NOT NULL,
    periods integer NOT NULL CHECK (periods >= 1),
    promises json NOT NULL,
    terms json NOT NULL,
    milestones json NOT NULL,
    committed_value numeric NOT NULL,
    settled_periods integer NOT NULL CHECK (settled_periods BETWEEN 0 AND periods),
    requested_by text,
    returned_reason text,
    approved_by text,
    approved_at timestamptz,
    vendor_signer text,
    vendor_signed_at timestamptz,
    customer_signer text,
    customer_signed_at timestamptz,
    failure text,
    termination_reason text,
    delivered boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (approved_by <> owner),
    CHECK (vendor_signer <> customer_signer)
)
"""

# `contract_id` is the one contract that holds a commitment: nothing is promised twice.
COMMITMENTS = """
CREATE TABLE commitments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    contract_id uuid,
    account_id uuid NOT NULL,
    model_id uuid NOT NULL,
    model_version integer NOT NULL,
    version_hash text NOT NULL,
    currency text NOT NULL,
    key text NOT NULL,
    label text NOT NULL,
    driver_key text NOT NULL,
    metric text NOT NULL,
    unit text NOT NULL,
    direction text NOT NULL,
    baseline numeric NOT NULL,
    target numeric NOT NULL,
    tolerance numeric NOT NULL,
    due_after_months integer NOT NULL,
    measured_by text NOT NULL,
    period_length text NOT NULL,
    committed numeric[] NOT NULL,
    at_baseline numeric[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id)
)
"""

# The latest that is known of a contract's period and milestone; `sequence` tells the newer from the older.
PERIOD_RESULTS = """
CREATE TABLE period_results (
    tenant_id uuid NOT NULL,
    contract_id uuid NOT NULL,
    period text NOT NULL,
    sequence bigint NOT NULL,
    realised json NOT NULL,
    restated boolean NOT NULL,
    PRIMARY KEY (tenant_id, contract_id, period),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id)
)
"""

MILESTONE_RESULTS = """
CREATE TABLE milestone_results (
    tenant_id uuid NOT NULL,
    contract_id uuid NOT NULL,
    milestone text NOT NULL,
    sequence bigint NOT NULL,
    accepted_on date,
    PRIMARY KEY (tenant_id, contract_id, milestone),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id)
)
"""

SETTLEMENTS = """
CREATE TABLE settlements (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    contract_id uuid NOT NULL,
    account_id uuid NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    period text NOT NULL,
    state text NOT NULL CHECK (state IN ('issued', 'disputed')),
    currency text NOT NULL,
    lines json NOT NULL,
    net numeric NOT NULL,
    issued_at timestamptz NOT NULL,
    disputed_by text,
    disputed_at timestamptz,
    dispute_reason text,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, contract_id, number),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts (tenant_id, id)
)
"""

# What was issued never changes, whatever the code above it does: it is corrected by a later one.
KEEP_ISSUED = """
CREATE FUNCTION keep_issued_settlements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.lines::text <> NEW.lines::text OR OLD.net <> NEW.net
        OR OLD.period <> NEW.period OR OLD.number <> NEW.number OR OLD.contract_id <> NEW.contract_id
        OR OLD.currency <> NEW.currency
    THEN
        RAISE EXCEPTION 'an issued settlement never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

KEEP_ISSUED_TRIGGER = """
CREATE TRIGGER keep_issued BEFORE UPDATE OR DELETE ON settlements
FOR EACH ROW EXECUTE FUNCTION keep_issued_settlements()
"""

INDEXES = (
    "CREATE INDEX contracts_of_account ON contracts (tenant_id, account_id, id)",
    "CREATE INDEX commitments_of_model ON commitments (tenant_id, model_id, id)",
    "CREATE INDEX commitments_of_contract ON commitments (tenant_id, contract_id)",
    "CREATE INDEX settlements_of_account ON settlements (tenant_id, account_id, id)",
)

TABLES = (
    "model_versions",
    "contracts",
    "commitments",
    "period_results",
    "milestone_results",
    "settlements",
)


def upgrade() -> None:
    for statement in (
        *plumbing_v1("committer"),
        *plumbing_v2("committer"),
        MODEL_VERSIONS,
        CONTRACTS,
        COMMITMENTS,
        PERIOD_RESULTS,
        MILESTONE_RESULTS,
        SETTLEMENTS,
        KEEP_ISSUED,
        KEEP_ISSUED_TRIGGER,
        *INDEXES,
        *(statement for table in TABLES for statement in keep_tenants_apart(table)),
    ):
        op.execute(statement)
