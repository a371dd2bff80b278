"""One claimed delivery in its tenant: what is to be sent, and what came of it."""

import random

import structlog
from sqlalchemy import select
from sqlalchemy.orm import undefer

from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.delivery import Channel, DeliveryState, Step
from services.notification.domain.endpoints import Disabled, EndpointState
from services.notification.domain.sending import (
    Call,
    Letter,
    Outcome,
    Parcel,
    Result,
    Unsendable,
    pause_after,
    step_after,
)
from services.notification.domain.unsubscribing import Unsubscription
from services.notification.store.deliveries import DeliveryRow, now_and
from services.notification.store.endpoints import Endpoints
from services.notification.store.messages import MessageRow
from services.notification.store.outstanding import Claimed
from services.notification.store.recipients import RecipientRow
from services.notification.store.suppressions import Cause, Suppressions

log = structlog.get_logger(__name__)

# Its own source: the process's shared generator belongs to whoever seeds it.
_jitter = random.SystemRandom()


class Outgoing:
    """A delivery as long as its lease holds: whoever comes late finds nothing to open and none to settle."""

    def __init__(self, uow: UnitOfWork, claimed: Claimed) -> None:
        self._uow = uow
        self._claimed = claimed

    async def open(self) -> Parcel | None:
        """What is to be sent, or None where the delivery is no longer ours."""
        row = await self._row()
        if row is None:
            return None
        return await (self._call(row) if row.channel == Channel.WEBHOOK else self._letter(row))

    async def settle(self, parcel: Parcel, outcome: Outcome) -> tuple[Channel, DeliveryState] | None:
        """Notes what came of it; the channel and the new state, or None where it was no longer ours."""
        row = await self._row(hold=True)
        if row is None:
            return None
        step = step_after(outcome, row.attempts)
        state = row.step(step)
        row.lease_owner = None
        row.reason = outcome.reason
        row.due_at = now_and(pause_after(row.attempts, _jitter.random())) if step is Step.POSTPONE else None
        if step is Step.DELIVER:
            row.delivered_at = self._uow.clock.now()
        await self._uow.session.flush()
        await self._draw_conclusions(parcel, outcome)
        return Channel(row.channel), state

    async def _row(self, *, hold: bool = False) -> DeliveryRow | None:
        statement = select(DeliveryRow).where(
            DeliveryRow.id == self._claimed.delivery_id,
            DeliveryRow.lease_owner == self._claimed.lease,
            DeliveryRow.state == DeliveryState.SENDING,
        )
        statement = statement.with_for_update() if hold else statement.options(undefer(DeliveryRow.body))
        row: DeliveryRow | None = await self._uow.session.scalar(statement)
        return row

    async def _letter(self, row: DeliveryRow) -> Letter | Unsendable:
        found = await self._uow.session.execute(
            select(MessageRow, RecipientRow)
            .join(RecipientRow, RecipientRow.id == MessageRow.recipient_id)
            .where(MessageRow.id == row.message_id)
        )
        message, recipient = found.one()
        if recipient.email is None:
            return Unsendable("The recipient has no e-mail address.")
        suppression = await Suppressions(self._uow).of(recipient.email)
        if suppression is not None:
            return Unsendable(f"The address is suppressed: {suppression.reason}")
        return Letter(
            delivery_id=row.id,
            unsubscription=Unsubscription(row.tenant_id, recipient.id, row.event_type),
            name=recipient.name,
            address=recipient.email,
            title=message.title,
            body=message.body,
            link=message.link,
        )

    async def _call(self, row: DeliveryRow) -> Call | Unsendable:
        endpoints = Endpoints(self._uow)
        assert row.endpoint_id is not None, "the table has no webhook without one"  # noqa: S101
        assert row.body is not None, "nor one without a body"  # noqa: S101
        endpoint = await endpoints.get(row.endpoint_id)
        if endpoint.state == EndpointState.DISABLED:
            return Unsendable(f"The endpoint is disabled: {endpoint.disabled_because}.")
        return Call(
            delivery_id=row.id,
            endpoint_id=endpoint.id,
            url=endpoint.url,
            body=row.body.encode(),
            secrets=await endpoints.secrets_of(endpoint.id),
        )

    async def _draw_conclusions(self, parcel: Parcel, outcome: Outcome) -> None:
        """What an attempt says of the address or the endpoint beyond this delivery."""
        if isinstance(parcel, Letter) and outcome.result is Result.REFUSED:
            await Suppressions(self._uow).add(parcel.address, Cause.REFUSED, outcome.reason or "")
        if isinstance(parcel, Call):
            await self._judge_endpoint(parcel, outcome)

    async def _judge_endpoint(self, call: Call, outcome: Outcome) -> None:
        endpoints = Endpoints(self._uow)
        disabled: Disabled | None = None
        if outcome.result is Result.ACCEPTED:
            await endpoints.note_success(call.endpoint_id)
        elif outcome.result is Result.GONE:
            disabled = Disabled.GONE
            await endpoints.disable(call.endpoint_id, disabled)
        else:
            disabled = await endpoints.note_failure(call.endpoint_id)
        if disabled is not None:
            log.warning("endpoint_disabled", endpoint_id=str(call.endpoint_id), because=disabled)
