"""What others are told when figures are published, and what is counted of them."""

from collections.abc import Sequence

from services.amplifier.domain.standing import Standing
from services.amplifier.domain.yardstick import Figure
from services.amplifier.events import about
from services.amplifier.metrics import PERIODS_CLOSED, PERIODS_RESTATED, VALUE_AT_RISK, VALUE_REALISED
from services.amplifier.store.periods import PeriodRow
from services.amplifier.store.plans import PlanRow
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.events.amplifier import (
    CommitmentAtRisk,
    CommitmentMet,
    CommitmentMissed,
    PeriodClosed,
    PeriodRestated,
    RealisedValue,
)

_TOLD: dict[Standing | None, type[CommitmentMet | CommitmentMissed | CommitmentAtRisk]] = {
    "met": CommitmentMet,
    "missed": CommitmentMissed,
    "at_risk": CommitmentAtRisk,
}


async def tell_closing(uow: UnitOfWork, plan: PlanRow, period: PeriodRow) -> None:
    """A period was closed."""
    figures = period.known_figures or ()
    uow.count(PERIODS_CLOSED)
    for figure in figures:
        if figure.realised is not None and figure.realised.amount > 0:
            uow.count(VALUE_REALISED, by=float(figure.realised.amount), currency=figure.realised.currency)
    event = PeriodClosed(**about(plan), period=period.key, closed_by=uow.actor.sub, values=_values(figures))
    await uow.emit(event, subject=plan.id)
    await _tell_standings(uow, plan, period, figures, before={})


async def tell_restatement(
    uow: UnitOfWork, plan: PlanRow, period: PeriodRow, before: Sequence[Figure]
) -> None:
    """A period was restated: all its values, and how commitments stand that stood otherwise before."""
    figures = period.known_figures or ()
    uow.count(PERIODS_RESTATED)
    event = PeriodRestated(
        **about(plan), period=period.key, restated_by=uow.actor.sub, values=_values(figures)
    )
    await uow.emit(event, subject=plan.id)
    await _tell_standings(
        uow, plan, period, figures, before={each.commitment: each.standing for each in before}
    )


async def _tell_standings(
    uow: UnitOfWork,
    plan: PlanRow,
    period: PeriodRow,
    figures: Sequence[Figure],
    *,
    before: dict[str, Standing | None],
) -> None:
    for figure in figures:
        told = _TOLD.get(figure.standing)
        if told is not None and before.get(figure.commitment) != figure.standing:
            event = told(
                **about(plan),
                commitment_id=figure.commitment_id,
                commitment=figure.commitment,
                label=figure.label,
                period=period.key,
            )
            await uow.emit(event, subject=plan.id)
            _count_risk(uow, figure)


def _count_risk(uow: UnitOfWork, figure: Figure) -> None:
    if figure.standing in {"at_risk", "missed"} and figure.committed.amount > 0:
        labels = {"currency": figure.committed.currency, "standing": figure.standing}
        uow.count(VALUE_AT_RISK, by=float(figure.committed.amount), **labels)


def _values(figures: Sequence[Figure]) -> tuple[RealisedValue, ...]:
    return tuple(
        RealisedValue(
            commitment_id=figure.commitment_id,
            commitment=figure.commitment,
            driver_key=figure.driver_key,
            measured=figure.measured,
            committed=figure.committed,
            realised=figure.realised,
        )
        for figure in figures
        if figure.realised is not None
    )
