"""What notification handles: every event that concerns somebody becomes a message in their inbox.

Order does not matter here: each message tells of its own event, and none overwrites another.
"""

from typing import Any

from services.chassis.handlers import Event, Handlers
from services.chassis.runtime import Runtime
from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.routing import audience_of, recipients
from services.notification.domain.templates import render, templates
from services.notification.metrics import IN_APP, Outcomes
from services.notification.store.messages import About, Messages
from services.notification.store.recipients import Recipients
from services.schemas.events.architect import (
    HypothesisAccepted,
    HypothesisRejected,
    ModelApproved,
    ModelReviewRequested,
    ModelSuperseded,
)

TOLD = (ModelReviewRequested, ModelApproved, ModelSuperseded, HypothesisAccepted, HypothesisRejected)


def handlers(runtime: Runtime) -> Handlers:
    """The handlers of one app, counting into its metrics."""
    outcomes = Outcomes(runtime.metrics)
    table = Handlers()

    async def tell(uow: UnitOfWork, event: Event[Any]) -> None:
        audience = audience_of(event.payload)
        holders = await Recipients(uow).holders(audience.roles)
        words = render(templates()[event.type], event.payload)
        messages = Messages(uow)
        for sub in sorted(recipients(audience, holders, actor=event.actor)):
            new = await messages.deliver(sub, About(event.id, event.type, event.subject), words)
            outcomes.count(IN_APP, "delivered" if new else "repeated")

    for payload in TOLD:
        table.on(payload)(tell)
    return table
