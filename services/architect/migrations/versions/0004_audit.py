"""The owner may list tenants: an audit looks at each in turn."""

from alembic import op

from services.chassis.rows import let_owner_list

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(let_owner_list("tenants"))
