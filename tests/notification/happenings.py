"""Events that happen to a company, received by notification's consumer."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.chassis.actor import Actor
from services.chassis.inbox import Consumer
from services.chassis.runtime import Runtime
from services.chassis.tenancy import provisioning
from services.notification.events import handlers
from services.schemas import examples
from services.schemas.envelope import Envelope
from services.schemas.events import EventPayload
from tests.harness.platform import Company, TestPlatform

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def happening(
    company: Company,
    kind: type[EventPayload],
    *,
    message_id: UUID,
    sequence: int = 1,
    actor: str = "ada",
    **fields: Any,
) -> Envelope:
    """The published example of an event, but in this company, by this actor, and with these fields."""
    example = examples.event(kind)
    return example.model_copy(
        update={
            "id": message_id,
            "tenant": company.tenant,
            "actor": actor,
            "sequence": sequence,
            "time": AT,
            "data": {**example.data, **fields},
        }
    )


class Happenings:
    """Brings events to notification, each in a transaction of its own; errors come through."""

    def __init__(self, room: TestPlatform) -> None:
        self.runtime: Runtime = room.embedded.apps["notification-service"].state.runtime
        self._consumer = Consumer(
            "notification",
            handlers(self.runtime).joined(provisioning(None)),
            self.runtime.database,
            metrics=self.runtime.metrics,
        )

    async def receive(self, *envelopes: Envelope) -> None:
        for envelope in envelopes:
            await self._consumer.receive(envelope)

    def actor_of(self, company: Company) -> Actor:
        """Whoever works in the company's tenant."""
        return Actor(company.tenant, self.runtime.identity.name)

    def counted(self, outcome: str, *, channel: str = "in-app") -> float:
        """How many notifications ended so, so far."""
        labels = {"channel": channel, "outcome": outcome}
        return self.runtime.metrics.registry.get_sample_value("notifications_total", labels) or 0.0
