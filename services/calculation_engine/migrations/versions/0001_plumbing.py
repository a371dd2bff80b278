"""The plumbing; the engine keeps nothing of its own."""

from alembic import op

from services.chassis.plumbing import plumbing_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in plumbing_v1("calculation_engine"):
        op.execute(statement)
