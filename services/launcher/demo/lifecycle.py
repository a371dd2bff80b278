"""The whole life of one made-up promise, step by step: what the demo tells and the lifecycle test checks."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from services.launcher.demo import agreement, delivery, messages, success, value_case
from services.launcher.demo.messages import message_about
from services.launcher.demo.people import Customer, People, example, make_known

Announce = Callable[[str], None]

# What messages are about: the steps that make it, and where its id stands in the answer.
_SUBJECTS = {"model": "id", "contract": "id", "schedule": "plan_id", "success_plan": "id", "settlement": "id"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is done: its name, and what the platform answered."""

    name: str
    made: Any


def _in_silence(_: str) -> None:
    """Whoever waits for no word."""


async def walk(
    people: People, announce: Announce = _in_silence, *, hooks: str | None = None
) -> AsyncIterator[Step]:
    """Every step, when it is done; `announce` is told what is under way until the next one. `hooks` is where
    the story's webhooks go, if anywhere.

    Raises:
        DemoFailed: the platform answered what the story did not expect.
    """
    announce("Letting the platform know its people")
    await make_known(people)
    if hooks is not None:
        yield Step("endpoint", await messages.connect(people, hooks))
    subjects = []
    async for step in _life(people, announce):
        if step.name in _SUBJECTS:
            subjects.append(step.made[_SUBJECTS[step.name]])
        yield step
    announce("Waiting for the last messages")
    yield Step("told", await messages.told(people, subjects, with_hooks=hooks is not None))


async def _life(people: People, announce: Announce) -> AsyncIterator[Step]:
    announce("Adding the customer")
    account = await value_case.add_account(people)
    yield Step("account", account)
    async for step in _architect(people, account, announce):
        yield step
        model = step.made
    customer = people.of_customer(account)
    async for step in _commit(people, customer, model, announce):
        yield step
        contract = step.made
    async for step in _execute(people, customer, contract, announce):
        yield step
    async for step in _amplify(people, contract, announce):
        yield step


async def _architect(people: People, account: Any, announce: Announce) -> AsyncIterator[Step]:
    """From the account to the approved model, which is the last step's."""
    announce("Proposing hypotheses from the library")
    proposals = await value_case.propose(people, account)
    yield Step("proposals", proposals)
    yield Step("decisions", await value_case.decide(people, proposals))
    announce("Making the model")
    model = await value_case.make_model(people, account)
    document = model["current"]["document"]
    views = {None: await value_case.evaluate(people, document)}
    for name in sorted(document["scenarios"]):
        views[name] = await value_case.evaluate(people, document, name)
    yield Step("evaluation", views)
    announce(f"Simulating {example('simulation.json')['draws']:,} draws")
    yield Step("simulation", await value_case.simulate(people, document))
    announce("Reviewing and approving the model")
    approved = await value_case.review_and_approve(people, model)
    for person, event in ((people.approver, "review-requested"), (people.engineer, "approved")):
        yield Step("message", await message_about(person, model["id"], f"architect.model.{event}.v1"))
    yield Step("model", approved)


async def _commit(people: People, customer: Customer, model: Any, announce: Announce) -> AsyncIterator[Step]:
    """From the model to the contract in force, which is the last step's."""
    announce("Drawing commitments from the model")
    commitments = await agreement.draw_commitments(people, model)
    yield Step("commitments", commitments)
    announce("Drafting, reviewing and approving the contract")
    contract = await agreement.review(people, await agreement.draft(people, commitments))
    yield Step("agreed", contract)
    announce("Both parties sign; the activation runs over architect, executor and amplifier")
    signed = await agreement.sign(people, customer, contract)
    contract, saga = await agreement.in_force(people, signed)
    yield Step("saga", saga)
    yield Step("settlement", await agreement.settlement(people, contract, 1))
    yield Step("contract", contract)


async def _execute(
    people: People, customer: Customer, contract: Any, announce: Announce
) -> AsyncIterator[Step]:
    announce("Planning the delivery")
    plan = await delivery.plan_of(people, contract)
    yield Step("schedule", await delivery.plan_work(people, plan))
    announce("Delivering: reports of the site, and the customer's acceptances")
    for entry in example("delivery.json")["reports"]:
        schedule = await delivery.report(people, customer, plan, entry)
        yield Step("report", {"entry": entry, "schedule": schedule})
    await agreement.delivered(people, contract)
    yield Step("milestones", await delivery.milestones(people, plan))


async def _amplify(people: People, contract: Any, announce: Announce) -> AsyncIterator[Step]:
    """Quarter by quarter, as the measurements were written down, each with its settlement."""
    announce("Fetching the model that the year is measured by")
    plan = await success.success_plan_of(people, contract)
    yield Step("success_plan", plan)
    before = ""
    for number, closing in enumerate(example("success.json")["closings"], start=2):
        period, day = closing["period"], closing["on"]
        announce(f"Measuring, closing and settling {period}")
        content = success.recorded_by(day, after=before)
        taken = await success.load_measurements(people, plan, content)
        yield Step("measurements", {**closing, "taken": taken})
        for restated in taken["restatement_due"]:
            yield Step("restatement", await success.restate(people, plan, restated))
            # The next settlement corrects by it: first it has to have come over the bus.
            await message_about(people.deal_manager, plan["id"], "amplifier.period.restated.v1")
        yield Step("closing", await success.close(people, plan, period))
        yield Step("settlement", await agreement.settlement(people, contract, number))
        before = day
    yield Step("realised", await success.realised(people, plan))
    announce("Publishing a proof point")
    point, then, now = await success.publish_proof(people, plan)
    yield Step("proof", {"point": point, "before": then, "after": now})
