"""What the amplifier does in sagas and about the events of others, by its own tables of handlers."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from sqlalchemy import select

from services.amplifier import events
from services.chassis.actor import Actor
from services.chassis.clock import SYSTEM_CLOCK
from services.chassis.ids import new_id
from services.chassis.tables import outbox
from services.schemas.commands import CancelSuccessPlan, CommandPayload, CreateSuccessPlan
from services.schemas.envelope import CommandEnvelope, Envelope, Reply
from services.schemas.events import EventPayload
from services.schemas.events.catalogue import PAYLOADS
from services.schemas.events.committer import ContractTerminated
from services.schemas.events.executor import MilestoneAccepted
from tests.amplifier.api.cases import (
    FIRST_QUARTER,
    PLANS,
    active,
    approved,
    closed,
    downtime,
    events_about,
    got,
    measured,
    planned,
    reading,
    refused,
    runtime_of,
    settled,
    stepped,
    succeeded,
)
from tests.harness.platform import Company


@pytest.fixture
def sam(company: Company) -> httpx2.AsyncClient:
    return company.person("sam", "success-lead")


class Activation:
    """A saga's side of the conversation with the amplifier, one step long."""

    def __init__(self, company: Company, body: dict[str, Any]) -> None:
        self._company = company
        self._saga_id = uuid4()
        self._body = body

    async def create(self, **changes: Any) -> Reply:
        return await self._commanded(CreateSuccessPlan, {**self._body, **changes}, compensation=False)

    async def cancel(self) -> Reply:
        body = {"contract_id": self._body["contract_id"]}
        return await self._commanded(CancelSuccessPlan, body, compensation=True)

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
            to="amplifier",
            saga_id=self._saga_id,
            step="success_plan",
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


async def _plans_of(person: httpx2.AsyncClient, body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await got(person, PLANS, contract_id=body["contract_id"]))["items"]
    return found


async def test_a_command_makes_a_plan_once(company: Company, sam: httpx2.AsyncClient) -> None:
    body = planned(await approved(company))
    activation = Activation(company, body)
    assert (await activation.create()).outcome == "done"
    assert (await activation.create()).outcome == "done"
    [plan] = await _plans_of(sam, body)
    assert (await settled(sam, plan))["state"] == "active"


async def test_a_contract_with_another_plan_gets_none_and_keeps_that(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    body = planned(await approved(company))
    by_hand = succeeded(await sam.post(PLANS, json={**body, "commitments": [downtime()]}))
    activation = Activation(company, body)
    refusal = await activation.create()
    assert refusal.outcome == "refused"
    assert refusal.reason == "The contract has another success plan, which somebody made by hand."
    assert (await activation.cancel()).outcome == "done"
    assert (await settled(sam, by_hand))["state"] == "active"


async def test_what_is_not_admissible_is_refused_with_every_reason(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    body = planned(await approved(company))
    refusal = await Activation(company, body).create(
        time_zone="Mars/Olympus", commitments=[downtime(due_period="2027-Q1")]
    )
    assert refusal.outcome == "refused"
    assert refusal.reason == (
        "There is no time zone Mars/Olympus. Commitment fewer_stops is due in none of the periods."
    )
    assert await _plans_of(sam, body) == []


async def test_a_compensation_cancels_the_plan_and_the_next_activation_makes_another(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    body = planned(await approved(company))
    activation = Activation(company, body)
    assert (await activation.cancel()).outcome == "done"
    activation = Activation(company, body)
    await activation.create()
    assert (await activation.cancel()).outcome == "done"
    assert (await activation.cancel()).outcome == "done"
    [plan] = await _plans_of(sam, body)
    assert plan["state"] == "cancelled"
    assert (await Activation(company, body).create()).outcome == "done"
    states = [each["state"] for each in await _plans_of(sam, body)]
    assert states[1] == "cancelled"
    assert states[0] in {"fetching", "active"}


async def test_a_terminated_contract_ends_its_plan_and_keeps_what_was_closed(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    plan = await active(company)
    await measured(sam, plan)
    await closed(company, plan)
    for _ in range(2):
        await _told_of(company, _terminated(plan))
    assert (await got(sam, f"{PLANS}/{plan['id']}"))["state"] == "terminated"
    assert refused(await stepped(sam, plan, "request-review", "2026-Q2")) == (409, "wrong_state")
    found = await got(sam, f"{PLANS}/{plan['id']}/realised-value")
    assert found["items"][0]["realised"]["amount"] == "1200.00"


async def test_what_was_closed_is_corrected_even_after_the_end(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    plan = await active(company)
    await measured(sam, plan)
    await closed(company, plan)
    await _told_of(company, _terminated(plan))
    await measured(sam, plan, [reading("2026-01", "10", "2026-05-01")])
    succeeded(await stepped(company.person("grace", "approver"), plan, "restate"))
    assert (await events_about(company, plan))[-1].type == "amplifier.period.restated.v1"


async def test_a_plan_that_ended_without_a_model_measures_nothing(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    made = succeeded(await sam.post(PLANS, json=planned(await approved(company), version_hash="0" * 64)))
    plan = await settled(sam, made)
    await _told_of(company, _terminated(plan))
    answer = await sam.post(f"{PLANS}/{plan['id']}/measurements", json={"rows": FIRST_QUARTER})
    assert refused(answer) == (409, "wrong_state")


def _terminated(plan: dict[str, Any]) -> ContractTerminated:
    contract_id = UUID(plan["contract_id"])
    return ContractTerminated(
        contract_id=contract_id, account_id=uuid4(), name="A", owner="dean", reason="Sold."
    )


async def test_a_driver_s_ramp_starts_with_its_first_accepted_milestone(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    plan = await active(company)
    for day, drivers in (("2026-02-02", ["downtime", "downtime"]), ("2026-03-02", ["downtime", "scrap"])):
        await _told_of(company, _accepted(plan["contract_id"], day, drivers))
    assert (await got(sam, f"{PLANS}/{plan['id']}"))["ramp_starts"] == {
        "downtime": "2026-02-02",
        "scrap": "2026-03-02",
    }
    found = await got(sam, f"{PLANS}/{plan['id']}/realised-value")
    assert [item["ramp_start"] for item in found["items"]] == ["2026-02-02", "2026-03-02"]


def test_what_is_handled_is_what_the_published_language_says(company: Company) -> None:
    runtime = runtime_of(company)
    own = {name for name, spec in PAYLOADS.items() if "amplifier" in spec.consumers}
    # Tenants are the chassis's business.
    assert events.handlers(runtime).types == own - {"platform.tenant.provisioned.v1"}
    assert events.commands(runtime).types == {
        CreateSuccessPlan.command_type,
        CancelSuccessPlan.command_type,
    }


def _accepted(contract_id: str, day: str, drivers: list[str]) -> MilestoneAccepted:
    return MilestoneAccepted.model_validate(
        {
            "plan_id": str(uuid4()),
            "contract_id": contract_id,
            "name": "A plan",
            "owner": "dana",
            "milestone_id": str(uuid4()),
            "milestone": "pilot",
            "label": "The pilot runs",
            "accepted_on": day,
            "accepted_by": "cora",
            "driver_keys": drivers,
            "term_id": None,
        }
    )


async def _told_of(company: Company, payload: EventPayload) -> None:
    envelope = Envelope(
        id=new_id(),
        type=payload.event_type,
        source="value-committer",
        subject=str(uuid4()),
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
