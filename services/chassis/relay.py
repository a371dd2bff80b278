"""The relay: the only thing that publishes. It carries outbox rows to the bus, in each aggregate's order.

Polling is the truth; `wake`, called after a commit, only shortens the wait. A relay that dies between the
bus's confirmation and its own note of it leaves rows that the next one publishes again, with the same id: the
consumers' inboxes drop the repetition.
"""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import structlog

from services.chassis.background import BackgroundService
from services.chassis.bus import Bus, BusAway
from services.chassis.outbox import Outbox, OutboxRow, Outcome
from services.chassis.retries import describe
from services.chassis.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=10)  # how long a dead relay's rows wait for another
_RENEWALS = 4
_BATCH = 100
_AT_ONCE = 8
_SETTLE_S = 5.0


class Relay(BackgroundService):
    """One service's relay. Any number of replicas may run: leases divide the aggregates among them."""

    name = "relay"

    def __init__(
        self,
        outbox: Outbox,
        bus: Bus,
        *,
        metrics: Metrics,
        lease: timedelta = _LEASE,
    ) -> None:
        self._outbox = outbox
        self._bus = bus
        self._metrics = metrics
        self._lease = lease
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run_once(self) -> bool:
        """Publishes one claim's rows; whether there were any.

        While the bus is away nothing is claimed: an outage costs no attempts.
        """
        await self._measure()
        if not await self._bus_is_there():
            return False
        claim = await self._outbox.claim(size=_BATCH, duration=self._lease)
        if claim is None:
            return False
        renewal = asyncio.create_task(self._renew(claim.lease))
        try:
            async with asyncio.TaskGroup() as streams:
                for stream in claim.streams:
                    streams.create_task(self._carry(claim.lease, stream))
        except asyncio.CancelledError:
            # A stream that was cancelled before its first step settled nothing.
            await _note(self._outbox.release(claim.lease))
            raise
        finally:
            renewal.cancel()
        return True

    async def _renew(self, lease: UUID) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / _RENEWALS)
            try:
                await self._outbox.renew(lease, self._lease)
            except Exception as failure:  # noqa: BLE001  # the lease may run out; settling is fenced
                log.warning("lease_not_renewed", error=describe(failure))

    async def _bus_is_there(self) -> bool:
        try:
            await self._bus.ping()
        except BusAway as away:
            log.warning("bus_away", error=str(away))
            return False
        return True

    async def _carry(self, lease: UUID, stream: tuple[OutboxRow, ...]) -> None:
        """Publishes one aggregate's rows in order up to the first failure, and settles them in any case."""
        confirmed: list[UUID] = []
        error: str | None = None
        try:
            async with self._slots:
                for row in stream:
                    await self._bus.publish(row.envelope(self._outbox.source))
                    confirmed.append(row.id)
        except Exception as failure:  # noqa: BLE001  # whatever it is: this aggregate waits, the others go on
            error = describe(failure)
            log.warning("publish_failed", type=row.type, subject=row.subject, error=error)
        finally:
            await _note(self._outbox.settle(lease, _outcome(stream, confirmed, error)))

    async def _measure(self) -> None:
        backlog = await self._outbox.backlog()
        self._metrics.outbox_backlog.set(backlog.rows)
        self._metrics.outbox_age.set(backlog.age.total_seconds())


async def _note(writing: Awaitable[None]) -> None:
    """Lets what is noted in the outbox fail: the lease runs out by itself, and fences whoever comes late."""
    try:
        async with asyncio.timeout(_SETTLE_S):
            await writing
    except Exception as failure:  # noqa: BLE001  # as the docstring says
        log.warning("relay_unsettled", error=describe(failure))


def _outcome(stream: tuple[OutboxRow, ...], confirmed: list[UUID], error: str | None) -> Outcome:
    rest = tuple(row.id for row in stream[len(confirmed) :])
    if error is None:
        return Outcome(tuple(confirmed), untried=rest)
    return Outcome(tuple(confirmed), failed=rest[0], error=error, untried=rest[1:])
