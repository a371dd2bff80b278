"""SIGTERM: the embedded platform takes no more work, answers what is in flight, and is gone in ten seconds;
the next start on the same data finds everything."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.launcher import running_file
from services.schemas.events.architect import HypothesisAccepted
from tests.harness.embedded_process import EmbeddedProcess
from tests.platform.chaos.locks import holding
from tests.platform.chaos.notebook import COLLEAGUE, OWNER, Notebook
from tests.platform.chaos.workload import acceptance, delivered, people

_ACCOUNTS = "/api/v1/architect/accounts"


@pytest.fixture
async def platform(embedded_process: EmbeddedProcess) -> EmbeddedProcess:
    """It runs, on what the test before has left."""
    if not embedded_process.runs:
        await embedded_process.start()
    return embedded_process


async def add_account(platform: EmbeddedProcess, tenant: UUID, name: str) -> httpx2.Response:
    async with await platform.client(tenant, OWNER.sub, OWNER.roles) as client:
        body = {"name": name, "industry": "manufacturing", "currency": "EUR"}
        return await client.post(_ACCOUNTS, json=body)


async def accounts_of(platform: EmbeddedProcess, tenant: UUID) -> list[Any]:
    async with await platform.client(tenant, OWNER.sub, OWNER.roles) as client:
        answer = await client.get(_ACCOUNTS)
    assert answer.is_success, answer.text
    return [each["name"] for each in answer.json()["items"]]


async def test_what_is_in_flight_is_answered_and_is_there_after_the_next_start(
    platform: EmbeddedProcess,
) -> None:
    tenant = uuid4()
    assert (await add_account(platform, tenant, "before")).status_code == 201
    async with holding(platform.superuser) as hold:
        table = await hold.table("architect.accounts")
        in_flight = asyncio.create_task(add_account(platform, tenant, "in flight"))
        await table.stops("architect", "INSERT INTO accounts")
        platform.ask_to_stop()
        await platform.until_it_takes_no_more()
        await table.release()
        assert (await in_flight).status_code == 201
    assert await platform.ended() == 0
    assert not (platform.data / running_file.NAME).exists()
    await platform.start()
    assert await accounts_of(platform, tenant) == ["in flight", "before"]


async def test_a_request_that_does_not_end_is_cut_off_and_leaves_nothing(platform: EmbeddedProcess) -> None:
    tenant = uuid4()
    assert (await add_account(platform, tenant, "before")).status_code == 201
    async with holding(platform.superuser) as hold:
        table = await hold.table("architect.accounts")
        in_flight = asyncio.create_task(add_account(platform, tenant, "too slow"))
        await table.stops("architect", "INSERT INTO accounts")
        platform.ask_to_stop()
        assert await platform.ended() == 0
    with suppress(httpx2.TransportError):
        assert (await in_flight).status_code >= 500
    await platform.start()
    assert await accounts_of(platform, tenant) == ["before"]


async def test_a_handler_that_does_not_end_is_cut_off_and_its_event_comes_again(
    platform: EmbeddedProcess,
) -> None:
    async with Notebook(platform, uuid4()) as book:
        await people(book)
        async with holding(platform.superuser) as hold:
            inbox = await hold.table("notification.inbox")
            accepted = await acceptance(book, "stop", 0)
            await inbox.stops("notification", "INSERT INTO inbox")
            platform.ask_to_stop()
            assert await platform.ended() == 0
        await platform.start()
        await delivered(book)
        assert await book.inbox(COLLEAGUE) == {(HypothesisAccepted.event_type, accepted["id"]): 1}
