"""The consuming end: an event's effect, and the note that it was handled, in one transaction.

Delivery is at least once; `(consumer, message id)` in the inbox makes the effect happen once. Nothing may be
acknowledged before `Consumer.receive` returns.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from opentelemetry.trace import SpanKind, TracerProvider
from sqlalchemy.dialects.postgresql import insert

from services.chassis.absence import is_away
from services.chassis.actor import Actor
from services.chassis.database import Database
from services.chassis.handlers import Poison, Resolver
from services.chassis.retries import DEFAULT_RETRY, RetryPolicy, describe
from services.chassis.tables import inbox
from services.chassis.telemetry import traces
from services.chassis.telemetry.metrics import Metrics
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.envelope import Envelope

log = structlog.get_logger(__name__)

_DEADLINE = timedelta(seconds=30)

_Handle = Callable[[UnitOfWork], Awaitable[None]]


class HandlerTooSlow(Exception):
    """A handler passed its deadline; what it did was rolled back."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed: after which pause the next one follows, or None for never."""

    pause: timedelta | None
    error: str


def _nobody_waits() -> None:
    """What is called after a commit with events where no relay is to be woken."""


class Consumer:
    """One service as a consumer: its handlers, each called in its own transaction and context.

    `name` is the service's key; its queue and its inbox rows carry it. `wake` is called after a handler has
    committed events of its own: a hint to the service's relay.
    """

    def __init__(
        self,
        name: str,
        handlers: Resolver,
        database: Database,
        *,
        metrics: Metrics,
        tracer_provider: TracerProvider | None = None,
        wake: Callable[[], None] = _nobody_waits,
        retry: RetryPolicy = DEFAULT_RETRY,
        deadline: timedelta = _DEADLINE,
    ) -> None:
        self.name = name
        self.database = database
        self._handlers = handlers
        self._metrics = metrics
        self._tracer = traces.tracer(tracer_provider)
        self._retry = retry
        self._wake = wake
        self._deadline = deadline

    async def attempt(self, envelope: Envelope, number: int) -> Failure | None:
        """Receives a message for the `number`th time (from 1); None once it is handled.

        Raises:
            Exception: the database is away: no attempt was made.
        """
        try:
            await self.receive(envelope)
        except Exception as error:
            if is_away(error):
                raise
            return self.judge(envelope.type, number, error)
        return None

    def judge(self, kind: str, number: int, error: Exception) -> Failure:
        """What follows from the failure of the `number`th attempt at a message of this kind."""
        pause = None if isinstance(error, Poison) else self._retry.delay_after(number)
        outcome = "dead" if pause is None else "retried"
        self._metrics.messages.labels(type=kind, outcome=outcome).inc()
        log.warning(
            "message_failed", consumer=self.name, type=kind, attempt=number, outcome=outcome, exc_info=error
        )
        return Failure(pause, describe(error))

    async def receive(self, envelope: Envelope) -> None:
        """Handles a message once: returns after the commit, or at once if it was handled before.

        Raises:
            Poison: no retry will help.
            HandlerTooSlow: the handler passed its deadline.
            Exception: whatever the handler or the database raised; nothing was kept.
        """
        handle = self._handlers.resolve(envelope)
        # A context of its own: nothing of the deliverer's (in process: of the producer's request) leaks in.
        await asyncio.create_task(
            self._in_span(envelope, handle),
            name=f"{self.name}:{envelope.type}",
            context=contextvars.Context(),
        )

    async def _in_span(self, envelope: Envelope, handle: _Handle) -> None:
        with (
            structlog.contextvars.bound_contextvars(
                service=self._metrics.service, tenant=str(envelope.tenant), message_id=str(envelope.id)
            ),
            self._tracer.start_as_current_span(
                f"{envelope.type} process",
                context=traces.extract(envelope.traceparent),
                kind=SpanKind.CONSUMER,
                attributes={
                    "messaging.operation.type": "process",
                    "messaging.destination.name": self.name,
                    "messaging.message.id": str(envelope.id),
                },
            ),
        ):
            await self._within_deadline(envelope, handle)

    async def _within_deadline(self, envelope: Envelope, handle: _Handle) -> None:
        try:
            async with asyncio.timeout(self._deadline.total_seconds()) as limit:
                await self._once(envelope, handle)
        except TimeoutError:
            if limit.expired():
                raise HandlerTooSlow(f"{envelope.type} took longer than {self._deadline}.") from None
            raise

    async def _once(self, envelope: Envelope, handle: _Handle) -> None:
        async with self.database.unit_of_work(Actor(envelope.tenant, envelope.actor)) as uow:
            is_new = await self._is_new(uow, envelope)
            if is_new:
                await handle(uow)
                await uow.commit()
        self._measure(envelope, is_new, lag=uow.clock.now() - envelope.time)
        if uow.has_events:
            self._wake()

    def _measure(self, envelope: Envelope, is_new: bool, *, lag: timedelta) -> None:
        self._metrics.messages.labels(type=envelope.type, outcome="handled" if is_new else "repeated").inc()
        if is_new:
            self._metrics.message_lag.labels(type=envelope.type).observe(max(lag.total_seconds(), 0))

    async def _is_new(self, uow: UnitOfWork, envelope: Envelope) -> bool:
        """Whether this is the first time; a concurrent first time is waited for."""
        note = insert(inbox).values(tenant_id=envelope.tenant, consumer=self.name, message_id=envelope.id)
        first = await uow.session.execute(note.on_conflict_do_nothing().returning(inbox.c.message_id))
        return first.first() is not None
