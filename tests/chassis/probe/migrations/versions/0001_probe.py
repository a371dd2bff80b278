"""The plumbing, notes and effects."""

from alembic import context, op
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from services.chassis.plumbing import plumbing_v1
from services.chassis.rows import keep_tenants_apart, share_product_rows
from tests.chassis.probe import effects, notes, product_words

revision = "0001"
down_revision = None


def upgrade() -> None:
    schema: str = context.config.attributes["schema"]
    for statement in plumbing_v1(schema):
        op.execute(statement)
    for table in (notes, effects, product_words):
        op.execute(str(CreateTable(table).compile(dialect=postgresql.dialect())))  # type: ignore[no-untyped-call]
    for statement in (
        *keep_tenants_apart("notes"),
        *keep_tenants_apart("effects"),
        *share_product_rows("product_words"),
    ):
        op.execute(statement)
