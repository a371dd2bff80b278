"""Versions that contracts hold; proof points."""

from alembic import op

from services.chassis.rows import keep_tenants_apart

revision = "0003"
down_revision = "0002"

HOLDS = """
CREATE TABLE model_holds (
    tenant_id uuid NOT NULL,
    contract_id uuid NOT NULL,
    model_id uuid NOT NULL,
    number integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, contract_id, model_id),
    FOREIGN KEY (tenant_id, model_id, number) REFERENCES model_versions (tenant_id, model_id, number)
)
"""

PROOF_POINTS = """
CREATE TABLE proof_points (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    contract_id uuid NOT NULL,
    driver_key text NOT NULL,
    input text NOT NULL,
    metric text NOT NULL,
    measured numeric NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
"""

INDEXES = (
    "CREATE INDEX holds_of_version ON model_holds (tenant_id, model_id, number)",
    "CREATE INDEX proof_points_of_driver ON proof_points (tenant_id, driver_key, input)",
)


def upgrade() -> None:
    for statement in (
        HOLDS,
        PROOF_POINTS,
        *INDEXES,
        *keep_tenants_apart("model_holds"),
        *keep_tenants_apart("proof_points"),
    ):
        op.execute(statement)
