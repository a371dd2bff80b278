"""Commitments: promises about a driver's KPI, drawn from an approved model with what they are worth."""

from decimal import Decimal
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Unprocessable
from services.chassis.runtime import runtime_of
from services.chassis.transaction import resource
from services.committer.clients import Architect, CannotCompute, Engine, NotApproved
from services.committer.domain.promises import (
    CannotPromise,
    measured_driver,
    require_progress,
    values_of,
)
from services.committer.store.commitments import CommitmentFilter, CommitmentRow, Commitments
from services.schemas.base import Currency, DecimalText, Document, Id, Key, Label, Text, Timestamp
from services.schemas.problem import FieldError
from services.schemas.value_model import Direction, PeriodLength

router = resource("/commitments")

_LARGEST = 10**15
Reading = Annotated[DecimalText, Field(ge=-_LARGEST, le=_LARGEST, max_digits=40)]
Tolerance = Annotated[DecimalText, Field(ge=0, le=1, max_digits=12)]

_EXAMPLE: JsonDict = {
    "model_id": "01935b2c-7a50-7c4e-9b1a-3f6d2e8c4a10",
    "driver_key": "agent_time",
    "label": "Routine tickets answered by the assistant",
    "baseline": "0.05",
    "target": "0.15",
    "tolerance": "0.1",
    "due_after_months": 12,
    "measured_by": "Ticket export, share of tickets closed without an agent, mean of the period",
}


class NewCommitment(Document):
    """A promise about one driver of an approved model, which must have a KPI.

    `baseline` is the KPI before, `target` the one promised (the model's own figure if left out), `tolerance`
    the share of the way between them that may be missed. `key` is the driver's if left out.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model_id: Id
    driver_key: Key
    key: Key | None = None
    label: Label | None = None
    baseline: Reading
    target: Reading | None = None
    tolerance: Tolerance = Decimal(0)
    due_after_months: Annotated[int, Field(ge=1, le=600)]
    measured_by: Annotated[Text, Field(min_length=1)]


class DrawnCommitment(Document):
    """A commitment. `committed` is what its driver is worth at the target in each of the model's periods,
    risk-adjusted and on the way that its profile expects; `at_baseline` what it is worth, whichever period,
    as long as the KPI stays at the baseline: the gain is counted from there. `contract_id` is the one that
    holds it."""

    id: Id
    contract_id: Id | None
    account_id: Id
    model_id: Id
    model_version: int
    version_hash: str
    currency: Currency
    key: Key
    label: Label
    driver_key: Key
    metric: Key
    unit: str
    direction: Direction
    baseline: DecimalText
    target: DecimalText
    tolerance: DecimalText
    due_after_months: int
    measured_by: Text
    period_length: PeriodLength
    committed: tuple[DecimalText, ...]
    at_baseline: tuple[DecimalText, ...]
    created_by: str
    created_at: Timestamp


@router.post("", status_code=201, dependencies=[requires("committer:write")], summary="Draw a commitment")
async def create_commitment(body: NewCommitment, request: Request, uow: IdempotentWork) -> DrawnCommitment:
    """From the version of the model that is approved now. The calculation engine says what the driver is
    worth at baseline and target; to the cent, those are what is promised."""
    runtime = runtime_of(request)
    try:
        fields = await _drawn(body, Architect(runtime, uow.actor), Engine(runtime, uow.actor))
    except NotApproved as error:
        raise _unprocessable("model_id", str(error), "not_approved") from error
    except CannotPromise as error:
        raise _unprocessable(error.field, str(error), "cannot_promise") from error
    except CannotCompute as error:
        raise Unprocessable(str(error), code="cannot_compute", errors=error.errors) from error
    return _shown(await Commitments(uow).add(**fields))


@router.get("", dependencies=[requires("committer:read")], summary="List commitments")
async def list_commitments(
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    account_id: Annotated[UUID | None, Query()] = None,
    model_id: Annotated[UUID | None, Query()] = None,
    contract_id: Annotated[UUID | None, Query()] = None,
) -> Page[DrawnCommitment]:
    """Newest first; every filter is exact."""
    wanted = CommitmentFilter(account_id=account_id, model_id=model_id, contract_id=contract_id)
    return page.page(await Commitments(uow, own).page(page, wanted), _shown, lambda row: row.id)


@router.get("/{commitment_id}", dependencies=[requires("committer:read")], summary="Read a commitment")
async def get_commitment(commitment_id: UUID, uow: Work, own: OwnAccount) -> DrawnCommitment:
    return _shown(await Commitments(uow, own).get(commitment_id))


async def _drawn(body: NewCommitment, architect: Architect, engine: Engine) -> dict[str, object]:
    approved = await architect.approved_model(body.model_id)
    model = approved.document
    driver, kpi = measured_driver(model, body.driver_key)
    promised = {} if body.target is None else {kpi.input: float(body.target)}
    then = await engine.evaluate(model, promised)
    target = Decimal(repr(then.inputs[kpi.input])) if body.target is None else body.target
    require_progress(kpi.direction, baseline=body.baseline, target=target)
    before = await engine.evaluate(model.at_full_effect(driver.key), {kpi.input: float(body.baseline)})
    return {
        "account_id": approved.account_id,
        "model_id": approved.model_id,
        "model_version": approved.version,
        "version_hash": approved.version_hash,
        "currency": model.currency,
        "key": body.key or driver.key,
        "label": body.label or driver.label,
        "driver_key": driver.key,
        "metric": kpi.metric,
        "unit": kpi.unit,
        "direction": kpi.direction,
        "baseline": body.baseline,
        "target": target,
        "tolerance": body.tolerance,
        "due_after_months": body.due_after_months,
        "measured_by": body.measured_by,
        "period_length": model.horizon.period_length,
        "committed": list(values_of(driver.key, then)),
        "at_baseline": list(values_of(driver.key, before)),
    }


def _unprocessable(field: str, detail: str, code: str) -> Unprocessable:
    return Unprocessable(detail, code=code, errors=[FieldError(pointer=f"/{field}", detail=detail)])


def _shown(row: CommitmentRow) -> DrawnCommitment:
    return DrawnCommitment(
        id=row.id,
        contract_id=row.contract_id,
        account_id=row.account_id,
        model_id=row.model_id,
        model_version=row.model_version,
        version_hash=row.version_hash,
        currency=row.currency,
        key=row.key,
        label=row.label,
        driver_key=row.driver_key,
        metric=row.metric,
        unit=row.unit,
        direction=cast(Direction, row.direction),
        baseline=row.baseline,
        target=row.target,
        tolerance=row.tolerance,
        due_after_months=row.due_after_months,
        measured_by=row.measured_by,
        period_length=cast(PeriodLength, row.period_length),
        committed=tuple(row.committed),
        at_baseline=tuple(row.at_baseline),
        created_by=row.created_by,
        created_at=row.created_at,
    )
