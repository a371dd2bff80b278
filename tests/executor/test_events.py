"""What the executor does in sagas and about the events of others, by its own tables of handlers."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.ids import new_id
from services.chassis.tables import outbox
from services.executor import events
from services.schemas.commands import CancelPlan, CommandPayload, CreatePlan
from services.schemas.envelope import CommandEnvelope, Envelope, Reply
from services.schemas.events.catalogue import PAYLOADS
from services.schemas.events.committer import ContractTerminated
from tests.executor.api.cases import PILOT, PLANS, got, made, planned, runtime_of, stepped, succeeded, told
from tests.harness.platform import Company


@pytest.fixture
def dana(company: Company) -> httpx2.AsyncClient:
    return company.person("dana", "delivery-manager")


class Activation:
    """A saga's side of the conversation with the executor, one step long."""

    def __init__(self, company: Company, contract_id: str) -> None:
        self._company = company
        self._saga_id = uuid4()
        self.contract_id = contract_id

    async def create(self, **changes: Any) -> Reply:
        body = planned(**{"contract_id": self.contract_id, **changes})
        return await self._commanded(CreatePlan, body, compensation=False)

    async def cancel(self) -> Reply:
        return await self._commanded(CancelPlan, {"contract_id": self.contract_id}, compensation=True)

    async def _commanded(
        self, command: type[CommandPayload], data: dict[str, Any], *, compensation: bool
    ) -> Reply:
        runtime = runtime_of(self._company)
        envelope = CommandEnvelope(
            id=new_id(),
            type=command.command_type,
            source="value-committer",
            subject=str(self._saga_id),
            time=SYSTEM_CLOCK.now(),
            tenant=self._company.tenant,
            actor="dean",
            sequence=1,
            data=data,
            to="executor",
            saga_id=self._saga_id,
            step="plan",
            command_id=new_id(),
            attempt=1,
            compensation=compensation,
            reply_to="committer",
        )
        handle = events.commands(runtime).resolve(envelope)
        async with runtime.database.unit_of_work(Actor(envelope.tenant, envelope.actor)) as uow:
            await handle(uow)
            statement = select(outbox.c.payload).where(outbox.c.subject == str(self._saga_id))
            reply = await uow.session.scalar(statement.order_by(outbox.c.sequence.desc()).limit(1))
            await uow.commit()
        return Reply.model_validate(reply)


@pytest.fixture
def activation(company: Company) -> Activation:
    return Activation(company, str(uuid4()))


async def _plans_of(person: httpx2.AsyncClient, contract_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await got(person, PLANS, contract_id=contract_id))["items"]
    return found


async def test_a_command_makes_a_plan_once(
    company: Company, dana: httpx2.AsyncClient, activation: Activation
) -> None:
    assert (await activation.create()).outcome == "done"
    assert (await activation.create()).outcome == "done"
    [plan] = await _plans_of(dana, activation.contract_id)
    assert plan["state"] == "planned"
    assert await told(company, plan) == ["plan.created"]


async def test_a_contract_with_another_plan_gets_none_and_keeps_that(
    company: Company, dana: httpx2.AsyncClient, activation: Activation
) -> None:
    by_hand = await made(dana, contract_id=activation.contract_id, milestones=[])
    refused = await activation.create()
    assert refused.outcome == "refused"
    assert refused.reason == "The contract has another delivery plan, which somebody made by hand."
    assert (await activation.cancel()).outcome == "done"
    assert (await got(dana, f"{PLANS}/{by_hand['id']}"))["state"] == "planned"


async def test_what_is_not_admissible_is_refused_with_every_reason(
    dana: httpx2.AsyncClient, activation: Activation
) -> None:
    early = {**PILOT, "due": "2025-12-31"}
    refused = await activation.create(time_zone="Mars/Olympus", milestones=[PILOT, early])
    assert refused.outcome == "refused"
    assert refused.reason == (
        "There is no time zone Mars/Olympus. There are two milestones pilot. "
        "Milestone pilot is due before the contract takes effect."
    )
    assert await _plans_of(dana, activation.contract_id) == []


async def test_a_compensation_cancels_the_plan_and_the_next_activation_makes_another(
    company: Company, dana: httpx2.AsyncClient, activation: Activation
) -> None:
    await activation.create()
    assert (await activation.cancel()).outcome == "done"
    assert (await activation.cancel()).outcome == "done"
    [plan] = await _plans_of(dana, activation.contract_id)
    assert plan["state"] == "cancelled"
    assert await told(company, plan) == ["plan.created", "plan.cancelled"]
    assert (await Activation(company, activation.contract_id).create()).outcome == "done"
    states = [each["state"] for each in await _plans_of(dana, activation.contract_id)]
    assert states == ["planned", "cancelled"]


async def test_a_compensation_of_nothing_is_done(activation: Activation) -> None:
    assert (await activation.cancel()).outcome == "done"


async def test_a_terminated_contract_cancels_its_plan(company: Company, dana: httpx2.AsyncClient) -> None:
    plan, other = await made(dana), await made(dana)
    await _terminated(company, plan["contract_id"])
    await _terminated(company, plan["contract_id"])
    assert (await got(dana, f"{PLANS}/{plan['id']}"))["state"] == "cancelled"
    assert (await got(dana, f"{PLANS}/{other['id']}"))["state"] == "planned"
    assert await told(company, plan) == ["plan.created", "plan.cancelled"]
    assert (await stepped(dana, plan, "pilot", "deliver")).json()["code"] == "wrong_state"


async def test_a_completed_plan_stays_so_when_its_contract_is_terminated(
    company: Company, dana: httpx2.AsyncClient
) -> None:
    plan = await made(dana, milestones=[PILOT])
    succeeded(await stepped(dana, plan, "pilot", "deliver"))
    succeeded(await stepped(company.person("amir", "approver"), plan, "pilot", "accept", {}))
    await _terminated(company, plan["contract_id"])
    assert (await got(dana, f"{PLANS}/{plan['id']}"))["state"] == "completed"


def test_what_is_handled_is_what_the_published_language_says(company: Company) -> None:
    runtime = runtime_of(company)
    own = {name for name, spec in PAYLOADS.items() if "executor" in spec.consumers}
    # Tenants are the chassis's business.
    assert events.handlers(runtime).types == own - {"platform.tenant.provisioned.v1"}
    assert events.commands(runtime).types == {CreatePlan.command_type, CancelPlan.command_type}


async def _terminated(company: Company, contract_id: str) -> None:
    payload = ContractTerminated(
        contract_id=UUID(contract_id), account_id=uuid4(), name="A contract", owner="dean", reason="Sold."
    )
    envelope = Envelope(
        id=new_id(),
        type=payload.event_type,
        source="value-committer",
        subject=contract_id,
        time=SYSTEM_CLOCK.now(),
        tenant=company.tenant,
        actor="dean",
        sequence=1,
        data=payload.model_dump(mode="json"),
    )
    runtime = runtime_of(company)
    async with runtime.database.unit_of_work(Actor(company.tenant, "dean")) as uow:
        await events.handlers(runtime).resolve(envelope)(uow)
        await uow.commit()
