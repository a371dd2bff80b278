"""The table of contents of notification-service."""

from fastapi import FastAPI

from services.chassis.app import Service, build_app
from services.chassis.seams import Seams, seams_of
from services.notification import events
from services.notification.api import (
    deliveries,
    endpoints,
    hooks,
    inbox,
    preferences,
    recipients,
    subscriptions,
    suppressions,
    templates,
)
from services.notification.metrics import NOTIFICATIONS
from services.notification.sender import Sender
from services.notification.settings import Settings

API = (inbox, preferences, subscriptions, recipients, templates, endpoints, deliveries, suppressions, hooks)


def create_app(settings: Settings, seams: Seams | None = None) -> FastAPI:
    """The app of this service; nothing is opened before its lifespan."""
    service = Service(
        description="Tells people what happened to the promises they care about, in their in-app inbox and "
        "by e-mail, and other systems by signed webhooks.",
        routers=tuple(each.router for each in API),
        handlers=events.handlers,
        background=(Sender,),
        counters=(NOTIFICATIONS,),
    )
    return build_app(service, settings, seams or seams_of(settings))
