"""The table of contents of notification-service."""

from fastapi import FastAPI

from services.chassis.app import Service, build_app
from services.chassis.seams import Seams, seams_of
from services.notification import events
from services.notification.api import deliveries, inbox, recipients, templates
from services.notification.metrics import NOTIFICATIONS
from services.notification.settings import Settings


def create_app(settings: Settings, seams: Seams | None = None) -> FastAPI:
    """The app of this service; nothing is opened before its lifespan."""
    service = Service(
        description="Tells people what happened to the promises they care about: in their in-app inbox.",
        routers=(inbox.router, recipients.router, templates.router, deliveries.router),
        handlers=events.handlers,
        counters=(NOTIFICATIONS,),
    )
    return build_app(service, settings, seams or seams_of(settings))
