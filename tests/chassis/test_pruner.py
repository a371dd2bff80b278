"""The pruner: what is old enough goes, in batches; the rest stays."""

from datetime import timedelta

from sqlalchemy import Table, func, insert, select, update

from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.pruner import Pruner
from services.chassis.tables import idempotency_keys, inbox, outbox
from tests.chassis.probe import write_note


async def count(database: Database, actor: Actor, table: Table) -> int:
    async with database.unit_of_work(actor) as uow:
        return int(await uow.session.scalar(select(func.count()).select_from(table)) or 0)


async def test_published_rows_go_after_seven_days(probe_database: Database, ada: Actor, bob: Actor) -> None:
    for actor, age in ((ada, timedelta(days=8)), (bob, timedelta(days=6))):
        async with probe_database.unit_of_work(actor) as uow:
            await write_note(uow, "published")
            await uow.session.execute(update(outbox).values(published_at=func.now() - age))
            await write_note(uow, "waiting for ever")
            await uow.commit()
    await Pruner(probe_database).run_once()
    assert await count(probe_database, ada, outbox) == 1
    assert await count(probe_database, bob, outbox) == 2


async def test_inbox_notes_go_after_thirty_days(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        for days in (29, 31):
            note = {"tenant_id": ada.tenant, "consumer": "probe", "message_id": new_id()}
            await uow.session.execute(
                insert(inbox).values(**note, handled_at=func.now() - timedelta(days=days))
            )
        await uow.commit()
    await Pruner(probe_database).run_once()
    assert await count(probe_database, ada, inbox) == 1


async def test_idempotency_keys_go_after_seven_days(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        for days in (6, 8):
            await uow.session.execute(
                insert(idempotency_keys).values(
                    tenant_id=ada.tenant,
                    sub="ada",
                    method="POST",
                    route="/notes",
                    key=str(days),
                    request_hash=b"",
                    claimed_at=func.now() - timedelta(days=days),
                )
            )
        await uow.commit()
    await Pruner(probe_database).run_once()
    assert await count(probe_database, ada, idempotency_keys) == 1


async def test_a_run_deletes_a_batch_and_says_whether_more_waits(
    probe_database: Database, ada: Actor
) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        for _ in range(5):
            await write_note(uow, "published")
        await uow.session.execute(update(outbox).values(published_at=func.now() - timedelta(days=8)))
        await uow.commit()
    pruner = Pruner(probe_database, batch=2)
    seen = []
    while await pruner.run_once():
        seen.append(await count(probe_database, ada, outbox))
    assert seen == [3, 1]
    assert await count(probe_database, ada, outbox) == 0
