"""How rows and figures become the documents of the API."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from services.amplifier.api.documents import (
    Measurement,
    PeriodDetail,
    PeriodSummary,
    ProofPoint,
    RealisedDriver,
    RealisedPeriod,
    SuccessPlan,
    SuccessPlanSummary,
    Superseded,
)
from services.amplifier.domain.standing import variance_in_words
from services.amplifier.domain.yardstick import Figure
from services.amplifier.store.measurements import MeasurementRow
from services.amplifier.store.periods import PeriodRow
from services.amplifier.store.plans import PlanRow
from services.amplifier.store.proof_points import ProofPointRow
from services.schemas.commitments import Commitment
from services.schemas.money import Money, rounded
from services.schemas.periods import Period as Span
from services.schemas.problem import FieldError


def summary(plan: PlanRow) -> SuccessPlanSummary:
    command = plan.command
    return SuccessPlanSummary(
        id=plan.id,
        revision=plan.version,
        contract_id=plan.contract_id,
        account_id=plan.account_id,
        name=plan.name,
        owner=plan.owner,
        state=plan.life,
        model_id=command.model_id,
        version_hash=command.version_hash,
        currency=command.currency,
        time_zone=command.time_zone,
        created_at=plan.created_at,
        updated_at=plan.updated_at,
    )


def full(plan: PlanRow, ramp_starts: Mapping[str, date]) -> SuccessPlan:
    command = plan.command
    return SuccessPlan(
        **dict(summary(plan)),
        periods=command.periods,
        commitments=command.commitments,
        findings=tuple(FieldError.model_validate(each) for each in plan.findings),
        ramp_starts=dict(ramp_starts),
    )


def period_summary(row: PeriodRow, span: Span) -> PeriodSummary:
    return PeriodSummary(
        key=row.key,
        start=span.start,
        end=span.end,
        revision=row.version,
        state=row.life.state,
        requested_by=row.requested_by,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        restatement_due=bool(row.corrected_by),
    )


def period_detail(row: PeriodRow, span: Span, figures: Sequence[Figure]) -> PeriodDetail:
    return PeriodDetail(
        **dict(period_summary(row, span)),
        figures=tuple(figures),
        superseded=tuple(Superseded.model_validate(each) for each in row.superseded),
    )


def measurement(row: MeasurementRow) -> Measurement:
    return Measurement(
        id=row.id,
        metric=row.metric,
        month=row.month,
        value=row.value,
        recorded_on=row.recorded_on,
        recorded_by=row.recorded_by,
        added_at=row.added_at,
    )


def proof_point(row: ProofPointRow) -> ProofPoint:
    return ProofPoint(
        id=row.id,
        driver_key=row.driver_key,
        input=row.input,
        metric=row.metric,
        measured=row.measured,
        realised=rounded(row.realised, row.currency),
        periods=tuple(row.periods),
        published_by=row.published_by,
        published_at=row.published_at,
    )


def realised_driver(
    commitment: Commitment,
    periods: Sequence[tuple[PeriodRow, Figure]],
    currency: str,
    ramp_start: date | None,
) -> RealisedDriver:
    closed = [figure for row, figure in periods if row.is_closed]
    realised = [figure.realised.amount for figure in closed if figure.realised is not None]
    return RealisedDriver(
        driver_key=commitment.driver_key,
        commitment=commitment.key,
        label=commitment.label,
        metric=commitment.metric,
        unit=commitment.unit,
        ramp_start=ramp_start,
        committed=rounded(sum((each.committed.amount for each in closed), Decimal(0)), currency),
        realised=rounded(sum(realised, Decimal(0)), currency),
        periods=tuple(_realised_period(row, figure) for row, figure in periods),
    )


def _realised_period(row: PeriodRow, figure: Figure) -> RealisedPeriod:
    realised = figure.realised
    variance = None
    if realised is not None:
        difference = realised.amount - figure.committed.amount
        variance = Money(amount=difference, currency=realised.currency)
    return RealisedPeriod(
        period=row.key,
        state=row.life.state,
        measured=figure.measured,
        gaps=figure.gaps,
        committed=figure.committed,
        realised=realised,
        variance=variance,
        standing=figure.standing,
        summary=None if realised is None else variance_in_words(figure.committed, realised, figure.gaps),
    )
