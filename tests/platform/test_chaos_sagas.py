"""Six services as six processes, each killed in turn at each step of an activation, while every command and
reply comes twice and in disorder: the contract ends where it would have ended without that.

`-m chaos_full` kills at all places, `-m chaos` at a sample; `CHAOS_SEED` draws another sample and disorder.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.plain_http import no_tls
from services.committer.saga import ACTIVATION
from services.launcher.demo import agreement, value_case
from services.launcher.demo.gateway import Gateway, until
from services.launcher.demo.people import Customer, People, make_known
from services.schemas.directory import SERVICES
from tests.harness.lives import until_consistent
from tests.harness.platform import SECRETS
from tests.harness.separate_processes import SeparateProcesses
from tests.platform.chaos.refusing import REASON
from tests.platform.chaos.sampling import SEED, sampled
from tests.platform.chaos.wire import COPIES, Place, tapped

Restart = Callable[[str], Awaitable[None]]

STEPS = [step.name for step in ACTIVATION.steps]
UNDONE = STEPS[:-1]  # the last one is refused

_EVENTS = """
    SELECT type, count(*) FROM {key}.outbox
    WHERE tenant_id = $1 AND header ->> 'to' IS NULL GROUP BY type
"""
_HANDLED = """
    SELECT concat('{key} ', type, CASE WHEN refusal IS NOT NULL THEN ' refused' END), count(*)
    FROM {key}.handled_commands WHERE tenant_id = $1 GROUP BY type, refusal
"""
_TAKEN_FOR_DONE = """
    SELECT step FROM committer.saga_log
    JOIN {key}.handled_commands AS handled USING (tenant_id, command_id, step)
    WHERE tenant_id = $1 AND entry = 'done' AND at < handled_at
"""


@dataclass(frozen=True)
class Kill:
    """A service that is killed while a message of the saga is on the wire."""

    service: str
    place: Place

    @property
    def name(self) -> str:
        return f"{self.service} at the {self.place.name}"


def kills(steps: list[str], *, is_compensation: bool) -> list[Kill]:
    """Each service at each message of these steps."""
    places = [Place(step, is_compensation, is_reply) for step in steps for is_reply in (False, True)]
    return [Kill(service, place) for service, place in product(SERVICES, places)]


FORTH = kills(STEPS, is_compensation=False)
BACK = kills(UNDONE, is_compensation=True)


@dataclass
class Deal:
    """One tenant's contract, agreed on and not signed yet."""

    processes: SeparateProcesses
    tenant: UUID
    people: People
    customer: Customer
    contract: Any

    async def sign(self) -> Any:
        return await agreement.sign(self.people, self.customer, self.contract)

    async def ended(self) -> Any:
        """The contract once its activation has ended."""
        path = f"{agreement.COMMITTER}/contracts/{self.contract['id']}"

        async def look() -> Any:
            now = await self.people.deal_manager.get(path)
            return None if now["state"] in {"approved", "activating"} else now

        return await until(look, "The end of the activation")

    async def activate_again(self, failed: Any) -> Any:
        path = f"{agreement.COMMITTER}/contracts/{failed['id']}/activate"
        return await self.people.deal_manager.post(path, revision=failed["revision"])

    async def consistent(self) -> None:
        await until_consistent(self.processes.servers.owner_url, self.tenant, within_s=120)

    async def taken_for_done(self) -> list[str]:
        """The steps that the saga's log notes as done before their participant had begun with them."""
        async with self.processes.superuser() as database:
            return [
                row["step"]
                for key in SERVICES
                for row in await database.fetch(_TAKEN_FOR_DONE.format(key=key), self.tenant)
            ]

    async def happened(self) -> dict[str, int]:
        """What the tenant's services have said, and which commands they have handled, each how often."""
        async with self.processes.superuser() as database:
            rows = [
                row
                for key in SERVICES
                for query in (_EVENTS, _HANDLED)
                for row in await database.fetch(query.format(key=key), self.tenant)
            ]
        return dict(rows)


@asynccontextmanager
async def deal_of(processes: SeparateProcesses) -> AsyncIterator[Deal]:
    """A new tenant's."""
    tenant = uuid4()
    async with httpx2.AsyncClient(
        base_url=processes.gateway_url, verify=no_tls(), trust_env=False, timeout=60
    ) as client:
        people = People.of(Gateway(client, SECRETS.jwt_secret, tenant))
        await make_known(people)
        account = await value_case.add_account(people)
        await value_case.decide(people, await value_case.propose(people, account))
        model = await value_case.review_and_approve(people, await value_case.make_model(people, account))
        draft = await agreement.draft(people, await agreement.draw_commitments(people, model))
        contract = await agreement.review(people, draft)
        yield Deal(processes, tenant, people, people.of_customer(account), contract)


async def disturbed(deal: Deal, kill: Kill, restart: Restart) -> Any:
    """The contract after an activation in which a service is killed, and everything comes twice."""
    processes = deal.processes
    async with tapped(processes.servers.rabbitmq.url, f"{SEED}-{kill.name}") as wire:
        hold = wire.hold(kill.place)
        signing = asyncio.create_task(deal.sign())
        await hold.reached()
        await processes.kill(kill.service)
        hold.release()
        await restart(kill.service)
        await signing
        ended = await deal.ended()
    assert wire.carried >= COPIES * 2 * len(STEPS)
    return ended


@pytest.fixture(scope="module")
async def in_force(six_processes: SeparateProcesses) -> dict[str, int]:
    """What happens in an activation that nobody disturbs."""
    async with deal_of(six_processes) as deal:
        await deal.sign()
        assert (await deal.ended())["state"] == "active"
        await deal.consistent()
        return await deal.happened()


@pytest.mark.parametrize("kill", sampled(FORTH, 4))
async def test_an_activation_comes_to_its_end_whoever_is_killed(
    six_processes: SeparateProcesses, in_force: dict[str, int], kill: Kill
) -> None:
    async with deal_of(six_processes) as deal:
        contract = await disturbed(deal, kill, six_processes.start)
        assert (contract["state"], contract["failure"]) == ("active", None)
        await deal.consistent()
        assert (await deal.happened(), await deal.taken_for_done()) == (in_force, [])


@pytest.fixture(scope="module")
async def refusing(six_processes: SeparateProcesses) -> AsyncIterator[Restart]:
    """The amplifier refuses; how a service is started again meanwhile."""

    async def restart(key: str) -> None:
        if key != "amplifier":
            await six_processes.start(key)
            return
        await six_processes.begin_as(key, "tests.platform.chaos.refusing")
        await six_processes.until_ready(key)

    await six_processes.kill("amplifier")
    await restart("amplifier")
    yield restart
    await six_processes.kill("amplifier")
    await six_processes.start("amplifier")


@pytest.fixture(scope="module")
async def undone(six_processes: SeparateProcesses, refusing: Restart) -> dict[str, int]:
    """What happens in an activation that is refused and undone, and that nobody disturbs."""
    async with deal_of(six_processes) as deal:
        await deal.sign()
        assert (await deal.ended())["state"] == "activation_failed"
        await deal.consistent()
        return await deal.happened()


@pytest.mark.parametrize("kill", sampled(BACK, 2))
async def test_a_refused_activation_is_undone_whoever_is_killed(
    six_processes: SeparateProcesses, refusing: Restart, undone: dict[str, int], kill: Kill
) -> None:
    async with deal_of(six_processes) as deal:
        contract = await disturbed(deal, kill, refusing)
        assert (contract["state"], contract["failure"]) == ("activation_failed", REASON)
        await deal.consistent()
        assert (await deal.happened(), await deal.taken_for_done()) == (undone, [])


@pytest.mark.chaos
@pytest.mark.chaos_full
async def test_a_refused_activation_succeeds_once_nobody_refuses(
    six_processes: SeparateProcesses, refusing: Restart
) -> None:
    async with deal_of(six_processes) as deal:
        await deal.sign()
        failed = await deal.ended()
        assert (failed["state"], failed["failure"]) == ("activation_failed", REASON)
        saga, *_ = await deal.people.operator.all(f"{agreement.COMMITTER}/sagas", subject=failed["id"])
        assert saga["status"] == "failed"
        await six_processes.kill("amplifier")
        await six_processes.start("amplifier")
        await deal.activate_again(failed)
        contract = await deal.ended()
        assert (contract["state"], contract["failure"]) == ("active", None)
        await deal.consistent()
