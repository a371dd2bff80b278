"""Sagas for operators: look at each step, ask again, or order the way back. A service mounts it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import ConfigDict, Field

from services.chassis import problems
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, document
from services.chassis.sagas.conductor import advance
from services.chassis.sagas.decisions import CompensationOrdered, NotPossible, RetryOrdered
from services.chassis.sagas.definition import Definitions, Saga
from services.chassis.sagas.state import SagaStatus
from services.chassis.sagas.store import SagaRow, SagaStore
from services.chassis.sagas.views import SagaSummary, SagaView, summary, view
from services.chassis.transaction import resource
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.base import Document
from services.schemas.directory import ServiceIdentity


class CompensationOrder(Document):
    """Why everything is undone; the log and the saga's end say so."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The customer asked for a pause."}]})

    reason: str = Field(min_length=1, max_length=1000)


def sagas_router(identity: ServiceIdentity, *sagas: Saga[Any]) -> APIRouter:
    """The resource `sagas` of the service that conducts these; all of it asks for `<slug>:operate`."""
    router = resource("/sagas")
    desk = _Desk(Definitions(sagas))
    operating = [requires(f"{identity.slug}:operate")]

    @router.get("", dependencies=operating, summary="List sagas")
    async def list_sagas(
        uow: Work,
        page: Annotated[PageRequest, Depends(page_request)],
        name: Annotated[str | None, Query(max_length=200)] = None,
        status: Annotated[
            Literal["running", "compensating", "stuck", "done", "failed"] | None, Query()
        ] = None,
        subject: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Page[SagaSummary]:
        """Newest first; `name`, `status` and `subject` are exact."""
        wanted = None if status is None else SagaStatus(status)
        rows = await SagaStore(uow).page(page, name=name, status=wanted, subject=subject)
        return page.page(rows, desk.summary, lambda row: row.id)

    @router.get("/{saga_id}", dependencies=operating, summary="Read a saga")
    async def get_saga(saga_id: UUID, uow: Work) -> SagaView:
        """Each step with its attempts and its compensation, and the log."""
        return await desk.view(uow, saga_id)

    @router.post(
        "/{saga_id}/retry",
        dependencies=operating,
        summary="Give a saga's current command again",
        responses=document(Conflict),
    )
    async def retry_saga(saga_id: UUID, uow: IdempotentWork) -> SagaView:
        """With all its attempts, in the saga's direction. Refused once the saga has ended."""
        return await desk.order(uow, saga_id, RetryOrdered())

    @router.post(
        "/{saga_id}/compensate",
        dependencies=operating,
        summary="Undo a saga",
        responses=document(Conflict),
    )
    async def compensate_saga(saga_id: UUID, body: CompensationOrder, uow: IdempotentWork) -> SagaView:
        """The steps so far, in reverse. Refused from the pivot on, and once the saga has ended."""
        return await desk.order(uow, saga_id, CompensationOrdered(body.reason))

    return router


class _Desk:
    """What the routes of one service share."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def summary(self, row: SagaRow) -> SagaSummary:
        return summary(self._definitions.named(row.name), row)

    async def view(self, uow: UnitOfWork, saga_id: UUID) -> SagaView:
        store = SagaStore(uow)
        row = _existing(await store.find(saga_id))
        return view(self._definitions.named(row.name), row, await store.log_of(saga_id))

    async def order(
        self, uow: UnitOfWork, saga_id: UUID, order: RetryOrdered | CompensationOrdered
    ) -> SagaView:
        row = _existing(await SagaStore(uow).lock(saga_id))
        try:
            await advance(uow, self._definitions.named(row.name), row, order)
        except NotPossible as refusal:
            raise problems.Conflict(str(refusal), code="saga_state") from None
        return await self.view(uow, saga_id)


def _existing(row: SagaRow | None) -> SagaRow:
    if row is None:
        raise problems.NotFound("There is no such saga.")
    return row
