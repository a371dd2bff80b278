"""From what a draft names to what the contract says: commitments in its periods, and terms that fit."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from services.chassis.problems import Unprocessable
from services.chassis.unit_of_work import UnitOfWork
from services.committer.api.contract_documents import ContractFields, NewMilestone
from services.committer.domain.agreement import Agreement, Calendar, Promise
from services.committer.domain.drafting import findings
from services.committer.domain.promises import CannotPromise, by_contract, due_index
from services.committer.store.commitments import CommitmentRow, Commitments
from services.committer.store.contracts import Basis
from services.schemas.commands import PlannedMilestone
from services.schemas.money import minor_units
from services.schemas.problem import FieldError
from services.schemas.terms import MilestonePayment, Term
from services.schemas.value_model import Direction, PeriodLength


async def drafted(uow: UnitOfWork, body: ContractFields) -> tuple[Basis, Agreement]:
    """The model version that a draft stands on, and what it says.

    Raises:
        Unprocessable: something of it does not fit together; each finding points into the body.
    """
    rows = _existing(await Commitments(uow).all_of(body.commitments))
    basis = _basis(rows)
    calendar = Calendar(body.effective_on, body.time_zone, body.period_length, body.periods)
    promises = tuple(_promise(row, calendar, place) for place, row in enumerate(rows))
    _refuse(
        [
            *findings(
                body.terms,
                commitments=[promise.key for promise in promises],
                milestones=[milestone.key for milestone in body.milestones],
                digits=minor_units(basis.currency),
            ),
            *_promised_twice(promises),
            *_of_milestones(body, promises),
        ]
    )
    return basis, Agreement(calendar, promises, body.terms, _planned(body, promises))


def _existing(rows: Sequence[CommitmentRow | None]) -> list[CommitmentRow]:
    missing = [place for place, row in enumerate(rows) if row is None]
    _refuse([_error(f"/commitments/{place}", "There is no such commitment.") for place in missing])
    return [row for row in rows if row is not None]


def _basis(rows: Sequence[CommitmentRow]) -> Basis:
    found = [
        Basis(row.account_id, row.model_id, row.model_version, row.version_hash, row.currency) for row in rows
    ]
    strangers = [place for place, basis in enumerate(found) if basis != found[0]]
    detail = "It was drawn from another version of the model, or from another model, than the first."
    _refuse([_error(f"/commitments/{place}", detail) for place in strangers])
    return found[0]


def _promise(row: CommitmentRow, calendar: Calendar, place: int) -> Promise:
    """A commitment in a contract's periods."""
    modelled, digits = cast(PeriodLength, row.period_length), minor_units(row.currency)
    try:
        committed, at_baseline = (
            by_contract(values, modelled, calendar.length, calendar.count, digits)
            for values in (row.committed, row.at_baseline)
        )
    except CannotPromise as error:
        raise Unprocessable(str(error), errors=[_error(f"/{error.field}", str(error))]) from error
    due = due_index(row.due_after_months, calendar.length)
    if due >= calendar.count:
        _refuse([_error(f"/commitments/{place}", "Its target is due after the contract's last period.")])
    return Promise(
        id=row.id,
        key=row.key,
        label=row.label,
        driver_key=row.driver_key,
        metric=row.metric,
        unit=row.unit,
        direction=cast(Direction, row.direction),
        baseline=row.baseline,
        target=row.target,
        tolerance=row.tolerance,
        due_period=calendar.periods[due].key,
        measured_by=row.measured_by,
        committed=committed,
        at_baseline=at_baseline,
    )


def _promised_twice(promises: Sequence[Promise]) -> list[FieldError]:
    """What a driver brings is shared once, whatever its commitments are called."""
    drivers = [promise.driver_key for promise in promises]
    return [
        _error(f"/commitments/{place}", f"Another commitment promises the driver {key} already.")
        for place, key in enumerate(drivers)
        if key in drivers[:place]
    ]


def _of_milestones(body: ContractFields, promises: Sequence[Promise]) -> list[FieldError]:
    keys = {promise.key for promise in promises}
    found = []
    for place, milestone in enumerate(body.milestones):
        if milestone.due < body.effective_on:
            detail = "It is due before the contract takes effect."
            found.append(_error(f"/milestones/{place}/due", detail))
        for at, key in enumerate(milestone.commitments):
            if key not in keys:
                pointer = f"/milestones/{place}/commitments/{at}"
                found.append(_error(pointer, f"The contract has no commitment {key}."))
    return found


def _planned(body: ContractFields, promises: Sequence[Promise]) -> tuple[PlannedMilestone, ...]:
    ids = {promise.key: promise.id for promise in promises}
    return tuple(_milestone(each, ids, body.terms) for each in body.milestones)


def _milestone(milestone: NewMilestone, ids: dict[str, UUID], terms: Sequence[Term]) -> PlannedMilestone:
    payments = (term for term in terms if isinstance(term, MilestonePayment))
    return PlannedMilestone(
        key=milestone.key,
        label=milestone.label,
        due=milestone.due,
        driver_keys=milestone.driver_keys,
        commitment_ids=tuple(ids[key] for key in milestone.commitments),
        term_id=next((term.key for term in payments if term.milestone == milestone.key), None),
    )


def _refuse(found: list[FieldError]) -> None:
    if found:
        raise Unprocessable(found[0].detail, code="contract_does_not_fit", errors=found)


def _error(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail)
