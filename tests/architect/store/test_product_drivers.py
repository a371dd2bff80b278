"""The library's drivers are there after every migrate step, and nobody but the owner writes them."""

from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from services.architect import library
from services.architect.domain.templates import DriverTemplate
from services.architect.store.drivers import DriverFilter, DriverRow, Drivers, columns_of
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.migrations import ServiceMigrations, migrate
from services.chassis.paging import PageRequest
from tests.architect.domain.drivers import LIBRARY, driver


async def _product_rows(database: Database) -> dict[str, UUID]:
    async with database.unit_of_work(Actor(new_id(), "ada")) as uow:
        rows = await Drivers(uow).page(PageRequest(200, None), DriverFilter(own=False))
        return {row.key: row.id for row in rows}


async def test_migrating_again_keeps_every_driver_and_its_id(
    owner_url: str, migrations: ServiceMigrations, database: Database
) -> None:
    before = await _product_rows(database)
    assert set(before) == {each.key for each in LIBRARY}
    await migrate(owner_url, [migrations])
    assert await _product_rows(database) == before


async def test_a_driver_follows_the_library_and_leaves_with_it(
    owner_url: str,
    migrations: ServiceMigrations,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = await _product_rows(database)
    kept, *_ = LIBRARY
    changed = DriverTemplate.model_validate({**kept.model_dump(mode="json"), "title": "Said anew"})
    monkeypatch.setattr(library, "load", lambda: (changed,))
    await migrate(owner_url, [migrations])
    assert await _product_rows(database) == {kept.key: before[kept.key]}
    async with database.unit_of_work(Actor(new_id(), "ada")) as uow:
        assert [each.title for each in await Drivers(uow).templates()] == ["Said anew"]


async def test_the_service_s_login_does_not_write_them(database: Database) -> None:
    async with database.unit_of_work(Actor(new_id(), "ada")) as uow:
        changed = await uow.session.execute(
            update(DriverRow).where(DriverRow.tenant_id.is_(None)).values(category="mine")
        )
        assert changed.rowcount == 0  # type: ignore[attr-defined]  # an UPDATE's result has it
        uow.session.add(DriverRow(tenant_id=None, created_at=uow.clock.now(), **columns_of(driver("mine"))))
        with pytest.raises(ProgrammingError, match="row-level security"):
            await uow.session.flush()


async def test_the_system_login_reads_no_model(database: Database) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.system() as connection:
            await connection.execute(text("SELECT document FROM model_versions"))
