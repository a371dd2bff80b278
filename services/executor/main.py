"""The table of contents of value-executor."""

from fastapi import FastAPI

from services.chassis.app import Service, build_app
from services.chassis.seams import Seams, seams_of
from services.executor import events
from services.executor.api import milestones, plans
from services.executor.metrics import MILESTONES_ACCEPTED, PLANS_COMPLETED
from services.executor.settings import Settings


def create_app(settings: Settings, seams: Seams | None = None) -> FastAPI:
    """The app of this service; nothing is opened before its lifespan."""
    service = Service(
        description="Delivers what a contract promises: plans with their critical path and progress, and "
        "milestones that the customer accepts.",
        routers=(plans.router, milestones.router),
        handlers=events.handlers,
        commands=events.commands,
        counters=(MILESTONES_ACCEPTED, PLANS_COMPLETED),
    )
    return build_app(service, settings, seams or seams_of(settings))
