"""Contracts: drafted from commitments, terms and milestones, and rewritten as long as they are drafts."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.etags import ExpectedVersion, if_match, set_etag
from services.chassis.own_account import OwnAccount
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, PreconditionFailed, PreconditionRequired, document
from services.chassis.transaction import resource
from services.committer.api import contract_views
from services.committer.api.contract_documents import Contract, ContractFields, ContractSummary
from services.committer.api.contract_drafts import drafted
from services.committer.domain.lifecycle import State, WrongState
from services.committer.store.commitments import Commitments
from services.committer.store.contracts import ContractFilter, Contracts

router = resource("/contracts")

Expected = Annotated[ExpectedVersion, Depends(if_match)]


@router.post(
    "",
    status_code=201,
    dependencies=[requires("committer:write")],
    summary="Draft a contract",
    responses=document(Conflict),
)
async def create_contract(body: ContractFields, uow: IdempotentWork, response: Response) -> Contract:
    """Owned by whoever drafts it. From now on it holds its commitments: no other contract promises them."""
    basis, agreement = await drafted(uow, body)
    row = await Contracts(uow).add(name=body.name, basis=basis, agreement=agreement)
    await Commitments(uow).hold(body.commitments, row.id)
    set_etag(response, row.version)
    return contract_views.full(row)


@router.get("", dependencies=[requires("committer:read")], summary="List contracts")
async def list_contracts(
    uow: Work,
    own: OwnAccount,
    page: Annotated[PageRequest, Depends(page_request)],
    account_id: Annotated[UUID | None, Query()] = None,
    model_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
) -> Page[ContractSummary]:
    """Newest first; every filter is exact. A customer sees what the vendor has approved."""
    wanted = ContractFilter(account_id=account_id, model_id=model_id, state=state)
    rows = await Contracts(uow, own).page(page, wanted)
    return page.page(rows, contract_views.summary, lambda row: row.id)


@router.get("/{contract_id}", dependencies=[requires("committer:read")], summary="Read a contract")
async def get_contract(contract_id: UUID, uow: Work, own: OwnAccount, response: Response) -> Contract:
    row = await Contracts(uow, own).get(contract_id)
    set_etag(response, row.version)
    return contract_views.full(row)


@router.put(
    "/{contract_id}",
    dependencies=[requires("committer:write")],
    summary="Rewrite a draft",
    responses=document(Conflict, PreconditionFailed, PreconditionRequired),
)
async def replace_contract(
    contract_id: UUID, body: ContractFields, uow: Work, expected: Expected, response: Response
) -> Contract:
    """Everything anew. Whoever rewrites it becomes one of its authors, who do not approve it."""
    contracts = Contracts(uow)
    row = await contracts.held(contract_id)
    expected.check(row.version)
    try:
        life = row.life.edit(uow.actor.sub)
    except WrongState as error:
        raise Conflict(str(error), code="wrong_state") from error
    basis, agreement = await drafted(uow, body)
    await Commitments(uow).hold(body.commitments, row.id)
    row.live(life)
    await contracts.replace(row, name=body.name, basis=basis, agreement=agreement)
    set_etag(response, row.version)
    return contract_views.full(row)
