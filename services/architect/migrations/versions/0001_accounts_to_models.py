"""The plumbing; accounts, drivers, hypotheses, models and their versions."""

from alembic import op

from services.chassis.plumbing import plumbing_v1
from services.chassis.rows import keep_tenants_apart, let_system_work, share_product_rows

revision = "0001"
down_revision = None

ACCOUNTS = """
CREATE TABLE accounts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    industry text NOT NULL,
    currency text NOT NULL,
    employees integer,
    annual_revenue numeric,
    pains text[] NOT NULL,
    stakeholders json NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
"""

# Rows without a tenant are shipped with the product; a tenant's own of the same key takes their place.
DRIVERS = """
CREATE TABLE drivers (
    id uuid PRIMARY KEY,
    tenant_id uuid,
    key text NOT NULL,
    industries text[] NOT NULL,
    category text NOT NULL,
    realisation text NOT NULL,
    template json NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (tenant_id, key)
)
"""

HYPOTHESES = """
CREATE TABLE hypotheses (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    account_id uuid NOT NULL,
    driver_key text NOT NULL,
    template json NOT NULL,
    rank integer NOT NULL,
    score double precision NOT NULL,
    parts json NOT NULL,
    reason text NOT NULL,
    annual_value numeric,
    currency text NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'accepted', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    rejection_reason text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, account_id, driver_key),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
)
"""

MODELS = """
CREATE TABLE models (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    owner text NOT NULL,
    source text NOT NULL CHECK (source IN ('hypotheses', 'document')),
    current_number integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
)
"""

# `check_state` says whether the engine has computed the document; who may check it next, and when, is leased
# by `check_after`.
VERSIONS = """
CREATE TABLE model_versions (
    tenant_id uuid NOT NULL,
    model_id uuid NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    state text NOT NULL CHECK (state IN ('draft', 'in_review', 'approved', 'superseded')),
    document json NOT NULL,
    version_hash text NOT NULL,
    check_state text NOT NULL CHECK (check_state IN ('pending', 'passed', 'refused')),
    check_after timestamptz NOT NULL,
    figures json,
    findings json NOT NULL,
    authors text[] NOT NULL,
    requested_by text,
    returned_reason text,
    approved_by text,
    approved_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, model_id, number),
    FOREIGN KEY (tenant_id, model_id) REFERENCES models (tenant_id, id) ON DELETE CASCADE
)
"""

# An approved version never changes, whatever the code above it does: only its state may move on.
KEEP_APPROVED = """
CREATE FUNCTION keep_approved_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.document::text <> NEW.document::text
        OR OLD.version_hash <> NEW.version_hash OR OLD.figures::text IS DISTINCT FROM NEW.figures::text
        OR OLD.approved_by IS DISTINCT FROM NEW.approved_by OR NEW.state NOT IN ('approved', 'superseded')
    THEN
        RAISE EXCEPTION 'an approved version never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

KEEP_APPROVED_TRIGGER = """
CREATE TRIGGER keep_approved BEFORE UPDATE OR DELETE ON model_versions FOR EACH ROW
WHEN (OLD.state IN ('approved', 'superseded')) EXECUTE FUNCTION keep_approved_versions()
"""

INDEXES = (
    "CREATE INDEX hypotheses_of_account ON hypotheses (tenant_id, account_id, id)",
    "CREATE INDEX models_of_account ON models (tenant_id, account_id, id)",
    "CREATE INDEX versions_to_check ON model_versions (check_after) WHERE check_state = 'pending'",
)


def upgrade() -> None:
    for statement in (
        *plumbing_v1("architect"),
        ACCOUNTS,
        DRIVERS,
        HYPOTHESES,
        MODELS,
        VERSIONS,
        KEEP_APPROVED,
        KEEP_APPROVED_TRIGGER,
        *INDEXES,
        *keep_tenants_apart("accounts"),
        *share_product_rows("drivers"),
        *keep_tenants_apart("hypotheses"),
        *keep_tenants_apart("models"),
        *keep_tenants_apart("model_versions"),
        *let_system_work(
            "model_versions",
            "architect_system",
            read=("tenant_id", "model_id", "number", "check_state", "check_after"),
            write=("check_after",),
        ),
    ):
        op.execute(statement)
