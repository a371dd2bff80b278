"""The table of contents of value-architect."""

from fastapi import FastAPI

from services.architect import events
from services.architect.api import accounts, drivers, hypotheses, models, reviews, versions
from services.architect.checker import ModelChecker
from services.architect.metrics import MODELS_APPROVED
from services.architect.settings import Settings
from services.chassis.app import Service, build_app
from services.chassis.seams import Seams, seams_of


def create_app(settings: Settings, seams: Seams | None = None) -> FastAPI:
    """The app of this service; nothing is opened before its lifespan."""
    service = Service(
        description="Finds where value may arise for a customer, and makes the case for it: accounts, "
        "drivers, hypotheses, and value models that a second person approves.",
        routers=(
            accounts.router,
            drivers.router,
            hypotheses.router,
            models.router,
            reviews.router,
            versions.router,
        ),
        handlers=events.handlers,
        commands=events.commands,
        background=(ModelChecker,),
        counters=(MODELS_APPROVED,),
    )
    return build_app(service, settings, seams or seams_of(settings))
