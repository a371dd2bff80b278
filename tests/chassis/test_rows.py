"""Row level security, met by the logins that really run."""

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.tables import outbox, parked_messages
from tests.chassis.probe import notes, product_words, write_note
from tests.harness.sql import connect, sqlstate_of

INSUFFICIENT_PRIVILEGE = "42501"


async def test_another_tenant_sees_nothing(probe_database: Database, ada: Actor, bob: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        await write_note(uow, "mine")
        await uow.commit()
    async with probe_database.unit_of_work(ada) as uow:
        assert (await uow.session.scalars(select(notes.c.text))).all() == ["mine"]
    async with probe_database.unit_of_work(bob) as uow:
        assert (await uow.session.scalars(select(notes.c.text))).all() == []
        stolen = await uow.session.scalars(update(notes).values(text="stolen").returning(notes.c.id))
        assert stolen.all() == []
        assert (await uow.session.scalars(select(outbox.c.id))).all() == []


async def test_a_row_for_another_tenant_is_refused(probe_database: Database, ada: Actor, bob: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        with pytest.raises(DBAPIError) as refusal:
            await uow.session.execute(insert(notes).values(tenant_id=bob.tenant, id=new_id(), text="planted"))
    assert sqlstate_of(refusal.value) == INSUFFICIENT_PRIVILEGE


async def test_a_row_cannot_be_moved_to_another_tenant(
    probe_database: Database, ada: Actor, bob: Actor
) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        await write_note(uow, "mine")
        with pytest.raises(DBAPIError) as refusal:
            await uow.session.execute(update(notes).values(tenant_id=bob.tenant))
    assert sqlstate_of(refusal.value) == INSUFFICIENT_PRIVILEGE


async def test_without_a_tenant_there_are_no_rows(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        await write_note(uow, "mine")
        await uow.commit()
    async with probe_database.engine.connect() as connection:
        assert (await connection.execute(select(notes))).all() == []
        await connection.execute(text("SELECT set_config('app.tenant_id', '', true)"))
        assert (await connection.execute(select(notes))).all() == []


async def test_the_tenant_does_not_outlive_its_transaction(
    probe_database: Database, ada: Actor, bob: Actor
) -> None:
    """Pooled connections go from tenant to tenant."""
    for actor in (ada, bob):
        async with probe_database.unit_of_work(actor) as uow:
            await write_note(uow, actor.sub)
            await uow.commit()
            seen = await uow.session.scalars(select(notes.c.text))  # a second transaction of the same session
            assert seen.all() == [actor.sub]
    async with probe_database.engine.connect() as connection:
        assert (await connection.execute(select(notes))).all() == []


async def test_the_owner_is_kept_out_as_well(probe_url: str, probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        await write_note(uow, "mine")
        await uow.commit()
    async with connect(probe_url, "probe") as connection:
        assert (await connection.execute(select(notes))).all() == []


async def test_every_table_with_a_tenant_is_forced(probe_url: str) -> None:
    open_tables = text(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' "
        "WHERE n.nspname IN ('probe', 'listener') AND c.relkind = 'r' "
        "AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    async with connect(probe_url, "probe") as connection:
        assert (await connection.scalars(open_tables)).all() == []


async def test_product_rows_are_read_by_all_and_written_by_the_owner(
    probe_url: str, probe_database: Database, ada: Actor
) -> None:
    async with connect(probe_url, "probe") as connection:
        await connection.execute(insert(product_words).values(id=1, tenant_id=None))
        await connection.commit()
    async with probe_database.unit_of_work(ada) as uow:
        assert (await uow.session.scalars(select(product_words.c.id))).all() == [1]
        changed = await uow.session.scalars(update(product_words).values(id=2).returning(product_words.c.id))
        assert changed.all() == []
        with pytest.raises(DBAPIError) as refusal:
            await uow.session.execute(insert(product_words).values(id=3, tenant_id=None))
    assert sqlstate_of(refusal.value) == INSUFFICIENT_PRIVILEGE


async def test_the_owner_writes_no_tenants_rows(probe_url: str, ada: Actor) -> None:
    async with connect(probe_url, "probe") as connection:
        with pytest.raises(DBAPIError) as refusal:
            await connection.execute(insert(product_words).values(id=1, tenant_id=ada.tenant))
    assert sqlstate_of(refusal.value) == INSUFFICIENT_PRIVILEGE


async def test_the_system_login_sees_its_columns_of_all_tenants(
    probe_database: Database, ada: Actor, bob: Actor
) -> None:
    for actor in (ada, bob):
        async with probe_database.unit_of_work(actor) as uow:
            await write_note(uow, "mine")
            await uow.commit()
    async with probe_database.system() as connection:
        seen = set((await connection.scalars(select(outbox.c.tenant_id))).all())
    assert seen == {ada.tenant, bob.tenant}


@pytest.mark.parametrize(
    "statement",
    [
        select(outbox.c.payload),
        select(outbox.c.actor),
        update(outbox).values(payload={}),
        update(outbox).values(tenant_id=new_id()),
        select(parked_messages.c.envelope),
        select(notes),
        insert(outbox).values(id=new_id(), tenant_id=new_id()),
        text("DELETE FROM parked_messages"),
        text("SELECT 1 FROM listener.outbox"),
    ],
    ids=str,
)
async def test_the_system_login_sees_nothing_else(probe_database: Database, statement: object) -> None:
    with pytest.raises(DBAPIError) as refusal:
        async with probe_database.system() as connection:
            await connection.execute(statement)  # type: ignore[call-overload]  # any statement
    assert sqlstate_of(refusal.value) == INSUFFICIENT_PRIVILEGE
