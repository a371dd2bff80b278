"""The way to an agreement: review, approval by a second person, both parties' signatures, activation, end."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from fastapi import Response

from services.chassis.access import CurrentPrincipal, IdempotentWork, requires
from services.chassis.etags import set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.principal import Principal
from services.chassis.problems import Conflict, Forbidden, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.committer import saga
from services.committer.api import contract_views
from services.committer.api.contract_documents import Contract, Return, Termination
from services.committer.api.contracts import Expected
from services.committer.domain.lifecycle import AlreadySigned, Party, SamePerson, WrongState
from services.committer.store.contracts import ContractRow, Contracts
from services.committer.store.models import ModelVersions
from services.committer.store.settling import settle
from services.schemas.events.committer import ContractApprovalRequested, ContractSigned, ContractTerminated

router = resource("/contracts")

_PROBLEMS = document(Conflict, Forbidden, PreconditionFailed, PreconditionRequired)
_SCOPES: dict[Party, str] = {"vendor": "committer:write", "customer": "committer:approve"}


@router.post(
    "/{contract_id}/request-review",
    dependencies=[requires("committer:write")],
    summary="Ask for a contract's approval",
    responses=_PROBLEMS,
)
async def request_contract_review(
    contract_id: UUID, uow: IdempotentWork, expected: Expected, response: Response
) -> Contract:
    """From now on it is not rewritten. Refused if the model has a newer approved version."""
    row = await _expected(uow, contract_id, expected)
    with _as_problems():
        life = row.life.request_review(uow.actor.sub)
    await _require_current_model(uow, row)
    row.live(life)
    row.returned_reason = None
    event = ContractApprovalRequested(**row.said_by_events(), requested_by=uow.actor.sub)
    await uow.emit(event, subject=row.id)
    return await _answer(uow, row, response)


@router.post(
    "/{contract_id}/return",
    dependencies=[requires("committer:approve")],
    summary="Return a contract to its author",
    responses=_PROBLEMS,
)
async def return_contract(
    contract_id: UUID,
    body: Return,
    uow: IdempotentWork,
    own: OwnAccount,
    expected: Expected,
    response: Response,
) -> Contract:
    """It is a draft again, with the reason beside it."""
    row = await _expected(uow, contract_id, expected, own)
    with _as_problems():
        row.live(row.life.send_back())
    row.returned_reason = body.reason
    return await _answer(uow, row, response)


@router.post(
    "/{contract_id}/approve",
    dependencies=[requires("committer:approve")],
    summary="Approve a contract",
    responses=_PROBLEMS,
)
async def approve_contract(
    contract_id: UUID, uow: IdempotentWork, own: OwnAccount, expected: Expected, response: Response
) -> Contract:
    """For the vendor, by a second person: neither the owner, nor an author, nor whoever asked for it. From
    now on both parties may sign, and nothing of it changes."""
    row = await _expected(uow, contract_id, expected, own)
    with _as_problems():
        life = row.life.approve(uow.actor.sub)
    await _require_current_model(uow, row)
    row.live(life)
    row.approved_at = uow.clock.now()
    return await _answer(uow, row, response)


@router.post(
    "/{contract_id}/sign",
    dependencies=[requires("committer:read")],
    summary="Sign a contract",
    responses=_PROBLEMS,
)
async def sign_contract(
    contract_id: UUID,
    uow: IdempotentWork,
    principal: CurrentPrincipal,
    own: OwnAccount,
    expected: Expected,
    response: Response,
) -> Contract:
    """For the customer by whoever's token names the account (with `committer:approve`), else for the vendor
    (with `committer:write`); nobody signs for both. The second signature starts the contract's activation."""
    row = await _expected(uow, contract_id, expected, own)
    party = _party_of(principal, own)
    with _as_problems():
        row.live(row.life.sign(party, uow.actor.sub))
    setattr(row, f"{party}_signed_at", uow.clock.now())
    if row.vendor_signer is not None and row.customer_signer is not None:
        signers = (row.vendor_signer, row.customer_signer)
        await uow.emit(ContractSigned(**row.said_by_events(), signed_by=signers), subject=row.id)
        await saga.activate(uow, row)
    return await _answer(uow, row, response)


@router.post(
    "/{contract_id}/activate",
    dependencies=[requires("committer:write")],
    summary="Try an activation again",
    responses=_PROBLEMS,
)
async def activate_contract(
    contract_id: UUID, uow: IdempotentWork, expected: Expected, response: Response
) -> Contract:
    """After one that failed: what was refused then is asked anew."""
    row = await _expected(uow, contract_id, expected)
    with _as_problems():
        await saga.activate(uow, row)
    return await _answer(uow, row, response)


@router.post(
    "/{contract_id}/terminate",
    dependencies=[requires("committer:write")],
    summary="Terminate a contract",
    responses=_PROBLEMS,
)
async def terminate_contract(
    contract_id: UUID, body: Termination, uow: IdempotentWork, expected: Expected, response: Response
) -> Contract:
    """Before its last period. No further period is settled: milestones accepted so far are charged now, and
    what was settled is still corrected."""
    row = await _expected(uow, contract_id, expected)
    with _as_problems():
        row.live(row.life.step("terminate"))
    row.termination_reason = body.reason
    await uow.emit(ContractTerminated(**row.said_by_events(), reason=body.reason), subject=row.id)
    await settle(uow, row)
    return await _answer(uow, row, response)


def _party_of(principal: Principal, own: UUID | None) -> Party:
    """Raises:
    Forbidden: the party's scope is missing.
    """
    party: Party = "vendor" if own is None else "customer"
    if not principal.has(_SCOPES[party]):
        detail = f"To sign for the {party} needs the scope {_SCOPES[party]}."
        raise Forbidden(detail, code="missing_scope")
    return party


async def _expected(
    uow: UnitOfWork, contract_id: UUID, expected: Expected, own: UUID | None = None
) -> ContractRow:
    row = await Contracts(uow, own).held(contract_id)
    expected.check(row.version)
    return row


async def _require_current_model(uow: UnitOfWork, row: ContractRow) -> None:
    """Raises:
    Conflict: the model version that the contract stands on was superseded.
    """
    successor = await ModelVersions(uow).successor(row.model_id, row.model_version)
    if successor is not None:
        detail = f"The model's version {successor} is approved now: draw the commitments from that."
        raise Conflict(detail, code="superseded_model")


async def _answer(uow: UnitOfWork, row: ContractRow, response: Response) -> Contract:
    await Contracts(uow).touch(row)
    set_etag(response, row.version)
    return contract_views.full(row)


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except (WrongState, AlreadySigned) as error:
        raise Conflict(str(error), code="wrong_state") from error
    except SamePerson as error:
        raise Forbidden(str(error), code="second_person_needed") from error
