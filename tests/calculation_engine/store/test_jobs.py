"""The states of a job: each is left by whoever may, and an end is left by nobody."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, update

from services.calculation_engine.store import waiting
from services.calculation_engine.store.jobs import KEPT, PRUNED, JobRow, Jobs
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.pruner import Pruner
from services.launcher.rooms import ROOT
from tests.harness.databases import migrations_of, service_database, templated_database
from tests.servers.postgres import PostgresServer

KEY = "calculation_engine"
ADA = Actor(new_id(), "ada")
LEASE, FOREIGN_LEASE = new_id(), new_id()
PROBLEM: dict[str, Any] = {"code": "job_not_done"}
MINUTE = timedelta(minutes=1)

Move = Callable[[Jobs, JobRow], Awaitable[bool]]
MOVES: dict[str, Move] = {
    "progress": lambda jobs, row: jobs.progress(row.id, LEASE, done=1, renewed=MINUTE),
    "succeed": lambda jobs, row: jobs.succeed(row.id, LEASE, b"{}"),
    "succeed, by a lease that was lost": lambda jobs, row: jobs.succeed(row.id, FOREIGN_LEASE, b"{}"),
    "fail": lambda jobs, row: jobs.fail(row.id, PROBLEM),
    "cancel": lambda jobs, row: jobs.cancel(row.id),
}

# From each state by each move into which; None: it is not made.
TABLE: dict[str, dict[str, str | None]] = {
    "queued": {"fail": "failed", "cancel": "cancelled"},
    "running": {"progress": "running", "succeed": "succeeded", "fail": "failed", "cancel": "cancelled"},
    "succeeded": {},
    "failed": {},
    "cancelled": {},
}


@pytest.fixture
async def database(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    services = [migrations_of(postgres_server.owner_url, KEY, ROOT / KEY / "migrations")]
    async with (
        templated_database(postgres_server, KEY, services) as owner_url,
        service_database(owner_url, KEY) as database,
    ):
        yield database


async def a_job(database: Database, status: str = "queued", actor: Actor = ADA) -> JobRow:
    async with database.unit_of_work(actor) as uow:
        row = await Jobs(uow).add(operation="simulations", request=b"{}", total=2)
        await uow.commit()
    if status != "queued":
        claimed = await waiting.claim(database, LEASE, size=10, of_a_tenant=10, duration=MINUTE)
        assert [each.job_id for each in claimed] == [row.id]
    ending = {"succeeded": "succeed", "failed": "fail", "cancelled": "cancel"}.get(status)
    if ending is not None:
        assert await moved(database, row, ending)
    return row


async def moved(database: Database, row: JobRow, move: str) -> bool:
    async with database.unit_of_work(ADA) as uow:
        was_made = await MOVES[move](Jobs(uow), row)
        await uow.commit()
    return was_made


async def found(database: Database, row: JobRow, actor: Actor = ADA) -> JobRow | None:
    async with database.unit_of_work(actor) as uow:
        return await Jobs(uow).find(row.id)


async def test_the_table_of_states(database: Database) -> None:
    for status, moves in TABLE.items():
        for move in MOVES:
            row = await a_job(database, status)
            expected = moves.get(move)
            assert await moved(database, row, move) == (expected is not None), (status, move)
            now = await found(database, row)
            assert now is not None
            assert now.status == (expected or status), (status, move)
            assert (now.ended_at is None) == (now.status in {"queued", "running"})
            await moved(database, row, "cancel")


async def test_an_end_holds_what_it_brought(database: Database) -> None:
    done, failed = await a_job(database, "succeeded"), await a_job(database, "failed")
    one, other = await found(database, done), await found(database, failed)
    assert one is not None
    assert (one.result, one.problem, one.done, one.lease_owner) == (b"{}", None, 2, None)
    assert other is not None
    assert (other.result, other.problem) == (None, PROBLEM)


async def test_a_lease_is_one_coordinator_s_until_it_ends(database: Database) -> None:
    row = await a_job(database)
    [first] = await waiting.claim(database, LEASE, size=10, of_a_tenant=10, duration=timedelta())
    [second] = await waiting.claim(database, FOREIGN_LEASE, size=10, of_a_tenant=10, duration=MINUTE)
    assert (first.job_id, second.job_id) == (row.id, row.id)
    assert await waiting.claim(database, LEASE, size=10, of_a_tenant=10, duration=MINUTE) == []
    await waiting.hand_back(database, FOREIGN_LEASE)
    [third] = await waiting.claim(database, LEASE, size=10, of_a_tenant=10, duration=MINUTE)
    # What was handed back is not held against the job.
    assert (first.attempts, second.attempts, third.attempts) == (1, 2, 2)


async def test_tenants_take_turns(database: Database) -> None:
    """Whoever came with many jobs, and first, has no more than the others; then the oldest is next."""
    eve, linus = Actor(new_id(), "eve"), Actor(new_id(), "linus")
    many = [(await a_job(database)).id for _ in range(4)]
    [first, second] = [(await a_job(database, actor=eve)).id for _ in range(2)]
    [only] = [(await a_job(database, actor=linus)).id]

    async def next_ones(lease: UUID, size: int) -> set[UUID]:
        found = await waiting.claim(database, lease, size=size, of_a_tenant=3, duration=MINUTE)
        return {each.job_id for each in found}

    assert await next_ones(LEASE, 1) == {many[0]}
    # Its other jobs come after those of tenants that have fewer, whoever conducts them.
    assert await next_ones(FOREIGN_LEASE, 2) == {first, only}
    assert await next_ones(LEASE, 2) == {many[1], second}
    # However much room there is, a coordinator holds so many of one tenant.
    assert await next_ones(LEASE, 10) == {many[2]}
    assert await next_ones(LEASE, 10) == set()
    assert await next_ones(FOREIGN_LEASE, 10) == {many[3]}


async def test_progress_forgives_attempts(database: Database) -> None:
    row = await a_job(database)
    for _ in range(2):
        await waiting.claim(database, LEASE, size=10, of_a_tenant=10, duration=timedelta())
    assert await moved(database, row, "progress")
    now = await found(database, row)
    assert now is not None
    assert (now.done, now.attempts) == (1, 0)


async def test_another_tenant_sees_nothing(database: Database) -> None:
    row = await a_job(database)
    assert await found(database, row, Actor(new_id(), "eve")) is None


async def test_what_has_ended_is_kept_for_a_while(database: Database) -> None:
    old, fresh = await a_job(database, "cancelled"), await a_job(database, "cancelled")
    live = await a_job(database)
    async with database.unit_of_work(ADA) as uow:
        past = func.now() - KEPT - MINUTE
        await uow.session.execute(update(JobRow).where(JobRow.id == old.id).values(ended_at=past))
        await uow.commit()
    await Pruner(database, [PRUNED]).run_once()
    assert [await found(database, row) is None for row in (old, fresh, live)] == [True, False, False]
