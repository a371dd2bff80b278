"""The library's way into the database: rows without a tenant, written by the owner at each migrate step."""

from sqlalchemy import Connection, delete, func
from sqlalchemy.dialects.postgresql import insert

from services.architect import library
from services.architect.store.drivers import DriverRow, columns_of


def seed(connection: Connection) -> None:
    """Makes the product's drivers say what this release's library says; a driver keeps its id by its key."""
    drivers = library.load()
    table = DriverRow.__table__
    kept = [driver.key for driver in drivers]
    connection.execute(delete(DriverRow).where(DriverRow.tenant_id.is_(None), DriverRow.key.not_in(kept)))
    for driver in drivers:
        statement = insert(DriverRow).values(**columns_of(driver), tenant_id=None, created_at=func.now())
        changed = {name: statement.excluded[name] for name in columns_of(driver) if name not in {"id", "key"}}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[table.c.tenant_id, table.c.key], set_=changed)
        )
