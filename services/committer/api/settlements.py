"""Settlements: each period's, line by line, as it was issued; and the customer's word against one."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import ConfigDict, Field

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.committer.api.contracts import Expected
from services.committer.domain.settlement import Part
from services.committer.store.contracts import Contracts
from services.committer.store.settlements import SettlementFilter, SettlementRow, Settlements
from services.schemas.base import Document, Id, Key, Label, Timestamp
from services.schemas.events.committer import SettlementDisputed
from services.schemas.money import Money

router = resource("/settlements")

State = Literal["issued", "disputed"]


class SettlementLine(Document):
    """A line: what one term charges for one period. A correction (a true-up, a late charge) changes what an
    earlier settlement said of its `period`; a negative amount is a credit to the customer."""

    term: Key
    part: Part
    period: str
    is_correction: bool
    label: Label
    amount: Money


class Dispute(Document):
    """Why the customer disputes a settlement."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "March's downtime export lacks the second line."}]}
    )

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Settlement(Document):
    """A settlement, the `number`th of its contract: that of `period`, with what is billed in advance of the
    next. What is billed in advance of the first period is a settlement before it, and what changed after the
    last period one after it. `net` is the exact sum of its lines. `revision` is what `If-Match` takes, in
    quotes."""

    id: Id
    revision: int
    contract_id: Id
    account_id: Id
    number: int
    period: str
    state: State
    lines: tuple[SettlementLine, ...]
    net: Money
    issued_at: Timestamp
    disputed_by: str | None
    disputed_at: Timestamp | None
    dispute_reason: str | None


@router.get("", dependencies=[requires("committer:read")], summary="List settlements")
async def list_settlements(
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    contract_id: Annotated[UUID | None, Query()] = None,
    period: Annotated[str | None, Query(max_length=20)] = None,
    state: Annotated[State | None, Query()] = None,
) -> Page[Settlement]:
    """Newest first; every filter is exact."""
    wanted = SettlementFilter(contract_id=contract_id, period=period, state=state)
    return page.page(await Settlements(uow, own).page(page, wanted), _shown, lambda row: row.id)


@router.get("/{settlement_id}", dependencies=[requires("committer:read")], summary="Read a settlement")
async def get_settlement(settlement_id: UUID, uow: Work, own: OwnAccount, response: Response) -> Settlement:
    row = await Settlements(uow, own).get(settlement_id)
    set_etag(response, row.version)
    return _shown(row)


@router.post(
    "/{settlement_id}/dispute",
    dependencies=[requires("committer:approve")],
    summary="Dispute a settlement",
    responses=document(Conflict, PreconditionFailed, PreconditionRequired),
)
async def dispute_settlement(
    settlement_id: UUID,
    body: Dispute,
    uow: IdempotentWork,
    own: OwnAccount,
    expected: Expected,
    response: Response,
) -> Settlement:
    """By the customer, or by an approver on the customer's behalf. Its lines stay as they are."""
    settlements = Settlements(uow, own)
    row = await settlements.get(settlement_id)
    expected.check(row.version)
    await settlements.dispute(row, body.reason)
    contract = await Contracts(uow).get(row.contract_id)
    event = SettlementDisputed(
        **contract.said_by_events(),
        settlement_id=row.id,
        period=row.period,
        disputed_by=uow.actor.sub,
        reason=body.reason,
    )
    await uow.emit(event, subject=row.id)
    set_etag(response, row.version)
    return _shown(row)


def _shown(row: SettlementRow) -> Settlement:
    return Settlement(
        id=row.id,
        revision=row.version,
        contract_id=row.contract_id,
        account_id=row.account_id,
        number=row.number,
        period=row.period,
        state="disputed" if row.state == "disputed" else "issued",
        lines=tuple(
            SettlementLine(
                term=each["term"],
                part=each["part"],
                period=each["period"],
                is_correction=each["is_correction"],
                label=each["label"],
                amount=Money(amount=Decimal(each["amount"]), currency=row.currency),
            )
            for each in row.lines
        ),
        net=Money(amount=row.net, currency=row.currency),
        issued_at=row.issued_at,
        disputed_by=row.disputed_by,
        disputed_at=row.disputed_at,
        dispute_reason=row.dispute_reason,
    )
