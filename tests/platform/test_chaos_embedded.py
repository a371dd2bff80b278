"""`kill -9` of the embedded platform wherever it hurts, and a restart: what was accepted is there, once.

The points are the boundaries on the way of a request and its event, and moments drawn over the length of the
work, at some of which the database is killed as well, or the platform once more while it starts. `-m chaos`
runs a sample of them, `-m chaos_full` all; `CHAOS_SEED` draws other moments and another sample.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import pytest

from tests.harness.embedded_process import EmbeddedProcess
from tests.platform.chaos.boundaries import BOUNDARIES, Boundary, Strike, left_behind
from tests.platform.chaos.locks import holding
from tests.platform.chaos.notebook import Interrupted, Notebook
from tests.platform.chaos.sampling import SEED, sampled
from tests.platform.chaos.workload import acceptance, check_once, delivered, people, proposals, value_cases

STORIES = ("north", "east", "south")

_LEASES_RUN_OUT = ";".join(
    f"UPDATE {service}.idempotency_keys SET lease_until = now() WHERE status IS NULL"
    for service in ("architect", "notification")
)


@dataclass(frozen=True)
class Moment:
    """A share of the work's length at which a kill comes: to the platform alone, to its database as well, or
    once more at that share of the next start."""

    number: int
    kind: str

    @property
    def share(self) -> float:
        return random.Random(f"{SEED}-{self.number}").random()  # noqa: S311  # a seed

    @property
    def name(self) -> str:
        return f"moment {self.number}: {self.kind}"


KINDS = ("the platform",) * 6 + ("the database too",) * 2 + ("once more at the start",) * 2
MOMENTS = [Moment(number, kind) for number, kind in enumerate(KINDS, 1)]


@pytest.fixture(scope="module")
async def platform(embedded_process: EmbeddedProcess) -> EmbeddedProcess:
    """The platform that is killed again and again, on the same data."""
    await embedded_process.start()
    return embedded_process


@pytest.fixture(scope="module")
async def length_s(platform: EmbeddedProcess) -> float:
    """How long the work takes where nobody interrupts it, to the last message."""
    async with Notebook(platform, uuid4()) as book:
        begin = time.monotonic()
        cases = await value_cases(book, *STORIES)
        await delivered(book)
        length = time.monotonic() - begin
        await check_once(book, cases)
    return length


@pytest.fixture
async def book(platform: EmbeddedProcess) -> AsyncIterator[Notebook]:
    """A tenant that nobody used before."""
    async with Notebook(platform, uuid4()) as book:
        yield book


@pytest.mark.parametrize("boundary", sampled(BOUNDARIES, 4))
async def test_killed_at_a_boundary(platform: EmbeddedProcess, book: Notebook, boundary: Boundary) -> None:
    await people(book)
    await proposals(book, STORIES[0])
    strike = Strike(lambda: acceptance(book, STORIES[0], 0))
    async with holding(platform.superuser) as hold:
        await boundary.reach(hold, strike)
        await platform.kill()
    was_answered = await strike.was_answered()
    async with platform.database_alone() as database:
        assert await left_behind(database, book.tenant) == boundary.left
    await check_next_life(platform, book)
    assert bool(book.replayed) == (boundary.left.committed == 1 and not was_answered)


@pytest.mark.parametrize("moment", sampled(MOMENTS, 2))
async def test_killed_at_a_moment(
    platform: EmbeddedProcess, book: Notebook, length_s: float, moment: Moment
) -> None:
    work = asyncio.create_task(value_cases(book, *STORIES))
    await asyncio.sleep(moment.share * length_s)
    if moment.kind == "the database too":
        await platform.kill_with_database()
    else:
        await platform.kill()
    with suppress(Interrupted):
        await work
    if moment.kind == "once more at the start":
        await platform.begin()
        await asyncio.sleep(moment.share * length_s)
        await platform.kill()
    await check_next_life(platform, book)


async def check_next_life(platform: EmbeddedProcess, book: Notebook) -> None:
    """The platform starts again, has what it accepted, and the rest of the work goes on where it was cut off:
    with the same keys, once the dead requests' leases on them have run out."""
    async with platform.database_alone() as database:
        await database.execute(_LEASES_RUN_OUT)
    await platform.start()
    await book.check_accepted()
    await check_once(book, await value_cases(book, *STORIES))
