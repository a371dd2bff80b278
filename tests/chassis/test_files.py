"""Files of a tenant: kept whole, known by their hash, small, and nobody else's."""

import hashlib

import pytest

from services.chassis import files
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.problems import NotFound, PayloadTooLarge


async def test_a_file_comes_back_byte_for_byte(probe_database: Database, ada: Actor) -> None:
    content = bytes(range(256)) * 100
    async with probe_database.unit_of_work(ada) as uow:
        stored = await files.store(uow, name="plan.pdf", media_type="application/pdf", content=content)
        await uow.commit()
    async with probe_database.unit_of_work(ada) as uow:
        found, read = await files.content_of(uow, stored.id)
    assert read == content
    assert found == stored
    assert found.sha256 == hashlib.sha256(content).hexdigest()


async def test_another_tenant_s_file_is_not_found(probe_database: Database, ada: Actor, bob: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        stored = await files.store(uow, name="a", media_type="text/plain", content=b"mine")
        await uow.commit()
    async with probe_database.unit_of_work(bob) as uow:
        with pytest.raises(NotFound):
            await files.content_of(uow, stored.id)


async def test_a_file_that_was_not_committed_is_not_there(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        stored = await files.store(uow, name="a", media_type="text/plain", content=b"half")
    async with probe_database.unit_of_work(ada) as uow:
        with pytest.raises(NotFound):
            await files.content_of(uow, stored.id)


async def test_a_file_has_ten_mebibytes_at_most(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        with pytest.raises(PayloadTooLarge):
            await files.store(uow, name="big", media_type="x/y", content=bytes(files.MAX_BYTES + 1))


async def test_an_unknown_file_is_not_found(probe_database: Database, ada: Actor) -> None:
    async with probe_database.unit_of_work(ada) as uow:
        with pytest.raises(NotFound):
            await files.content_of(uow, new_id())
