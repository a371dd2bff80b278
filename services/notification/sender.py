"""Sends what waits: e-mails and webhooks, at least once each."""

import asyncio
from datetime import timedelta
from uuid import UUID

import structlog

from services.chassis.actor import Actor
from services.chassis.background import BackgroundService
from services.chassis.outbound import GuardedClient
from services.chassis.retries import describe
from services.chassis.runtime import Runtime
from services.notification.clients import MailServer, WebhookCaller
from services.notification.domain.delivery import DeliveryState
from services.notification.domain.sending import Call, Letter, Outcome, Parcel, Result, Unsendable
from services.notification.domain.unsubscribing import Links
from services.notification.metrics import NOTIFICATIONS
from services.notification.settings import Settings
from services.notification.store import outstanding
from services.notification.store.outgoing import Outgoing
from services.notification.store.outstanding import Claimed

log = structlog.get_logger(__name__)

_AT_ONCE = 16
_LEASE = timedelta(seconds=60)  # more than any channel's timeout
_HAND_BACK_S = 1.5

_OUTCOMES = {
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.RETRYING: "retried",
    DeliveryState.DEAD: "dead",
    DeliveryState.SUPPRESSED: "suppressed",
}


class Sender(BackgroundService):
    """Claims deliveries over all tenants, sends each outside any transaction, and notes what came of it in
    its own tenant, fenced by the lease. Any number of replicas may run."""

    name = "sender"
    interval_s = 0.5

    def __init__(self, runtime: Runtime) -> None:
        settings = runtime.settings
        assert isinstance(settings, Settings)  # noqa: S101  # the app is built with its own
        self._runtime = runtime
        self._outbound = GuardedClient(allow_private_networks=settings.allow_private_networks)
        self._webhooks = WebhookCaller(self._outbound, runtime.clock)
        self._mail = _mail_server(settings, runtime)

    async def run_once(self) -> bool:
        """Sends a few; True if there may be more."""
        claimed = await outstanding.claim(self._runtime.database, size=_AT_ONCE, duration=_LEASE)
        if not claimed:
            return False
        try:
            async with asyncio.TaskGroup() as sending:
                for each in claimed:
                    sending.create_task(self._send(each))
        except asyncio.CancelledError:
            await self._hand_back(claimed[0].lease)
            raise
        return len(claimed) == _AT_ONCE

    async def stop(self, task: asyncio.Task[None], *, grace_s: float) -> None:
        await super().stop(task, grace_s=grace_s)
        await self._outbound.close()

    async def _send(self, claimed: Claimed) -> None:
        """One delivery; whatever it fails by, the others go on, and it comes again when its lease ends."""
        try:
            await self._carry(claimed)
        except Exception as failure:  # noqa: BLE001  # as the docstring says
            log.warning("delivery_unsettled", delivery_id=str(claimed.delivery_id), error=describe(failure))

    async def _carry(self, claimed: Claimed) -> None:
        actor = Actor(claimed.tenant, self._runtime.identity.name)
        async with self._runtime.database.unit_of_work(actor) as uow:
            parcel = await Outgoing(uow, claimed).open()
        if parcel is None:
            return
        outcome = await self._attempt(parcel)
        async with self._runtime.database.unit_of_work(actor) as uow:
            settled = await Outgoing(uow, claimed).settle(parcel, outcome)
            if settled is None:
                return
            channel, state = settled
            uow.count(NOTIFICATIONS, channel=channel, outcome=_OUTCOMES[state])
            await uow.commit()

    async def _attempt(self, parcel: Parcel) -> Outcome:
        """What nobody thought of counts as an attempt too, so that it ends."""
        try:
            return await self._hand_over(parcel)
        except Exception as failure:
            log.exception("delivery_failed_oddly")
            return Outcome(Result.FAILED, describe(failure))

    async def _hand_over(self, parcel: Parcel) -> Outcome:
        match parcel:
            case Unsendable(reason):
                return Outcome(Result.NOT_SENT, reason)
            case Call():
                return await self._webhooks.send(parcel)
            case Letter() if self._mail is None:
                return Outcome(Result.NOT_SENT, "There is no mail server: SMTP_URL is empty.")
            case Letter():
                return await self._mail.send(parcel)

    async def _hand_back(self, lease: UUID) -> None:
        try:
            async with asyncio.timeout(_HAND_BACK_S):
                await outstanding.hand_back(self._runtime.database, lease)
        except Exception as failure:  # noqa: BLE001  # the lease runs out by itself
            log.warning("lease_not_handed_back", error=describe(failure))


def _mail_server(settings: Settings, runtime: Runtime) -> MailServer | None:
    if not settings.has_mail:
        return None
    return MailServer(
        settings.smtp_url.get_secret_value(),
        sender=settings.mail_from,
        public_url=settings.public_url,
        links=Links(settings.internal_jwt_secret.get_secret_value()),
        clock=runtime.clock,
    )
