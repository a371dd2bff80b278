"""The figures of a period: looked up, evaluated by the engine, and held against what is known by then."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from services.amplifier.api.access import as_problems, looking
from services.amplifier.clients import Engine
from services.amplifier.domain.lifecycle import PeriodAction, require_open_to
from services.amplifier.domain.measurements import Latest, latest
from services.amplifier.domain.yardstick import Figure, Yardstick
from services.amplifier.store.measurements import Measurements
from services.amplifier.store.periods import PeriodRow, Periods
from services.amplifier.store.plans import PlanRow, Plans
from services.chassis.etags import ExpectedVersion
from services.chassis.problems import Conflict
from services.chassis.runtime import runtime_of
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.money import Money


@dataclass(frozen=True, slots=True)
class Seen:
    """A period with all that its figures follow from; `readings` tells whether that has changed since."""

    plan: PlanRow
    period: PeriodRow
    yardstick: Yardstick
    known: Latest
    readings: int
    action: PeriodAction


async def seen(
    request: Request,
    uow: UnitOfWork,
    plan_id: UUID,
    key: str,
    expected: ExpectedVersion,
    action: PeriodAction,
) -> Seen:
    """Looks before an action, in a transaction of its own.

    Raises:
        NotFound: there is no such plan or period.
        PreconditionFailed: the period has another version by now.
        Conflict: the plan is not open to the action.
    """
    async with looking(request, uow.actor) as before:
        plan = await Plans(before).get(plan_id)
        period = await Periods(before).get(plan.id, key)
        expected.check(period.version)
        with as_problems():
            require_open_to(plan.life, action)
            yardstick = plan.required_yardstick
        known = latest(await Measurements(before).readings(plan.id))
    return Seen(plan, period, yardstick, known, plan.readings, action)


async def evaluated(request: Request, uow: UnitOfWork, found: Seen) -> tuple[Figure, ...]:
    """The figures of the period, each driver's value by one evaluation.

    Raises:
        CannotEvaluate: the model gives no value for what was measured.
        PeerUnavailable: the engine is away.
    """
    engine = Engine(runtime_of(request), uow.actor)
    yardstick, place = found.yardstick, found.period.place
    realised: dict[str, Money] = {}
    for question in yardstick.questions(place, found.known):
        evaluation = await engine.evaluate(yardstick.model.at_full_effect(question.driver_key), question)
        realised[question.driver_key] = yardstick.value(evaluation, question.driver_key, place)
    return yardstick.figures(place, found.known, realised)


async def held(
    uow: UnitOfWork, plan_id: UUID, key: str, expected: ExpectedVersion, action: PeriodAction
) -> tuple[PlanRow, PeriodRow]:
    """The period at the version that was read, and its plan, which nobody else changes meanwhile.

    Raises:
        NotFound: there is no such plan or period.
        PreconditionFailed: the period has another version by now.
        Conflict: the plan is not open to the action.
    """
    plan = await Plans(uow).held(plan_id)
    period = await Periods(uow).get(plan.id, key)
    expected.check(period.version)
    with as_problems():
        require_open_to(plan.life, action)
    return plan, period


async def held_unchanged(
    uow: UnitOfWork, found: Seen, expected: ExpectedVersion
) -> tuple[PlanRow, PeriodRow]:
    """The same, if the figures still follow from all that is known.

    Raises:
        Conflict: measurements came meanwhile.
    """
    plan, period = await held(uow, found.plan.id, found.period.key, expected, found.action)
    if plan.readings != found.readings:
        raise Conflict("Measurements came meanwhile; ask again.", code="measurements_changed")
    return plan, period
