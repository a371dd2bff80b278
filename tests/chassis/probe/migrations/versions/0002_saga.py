"""The plumbing of sagas."""

from alembic import context, op

from services.chassis.plumbing import plumbing_v2

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in plumbing_v2(context.config.attributes["schema"]):
        op.execute(statement)
