"""The table of contents of value-committer."""

from fastapi import FastAPI

from services.chassis.app import Service, build_app
from services.chassis.seams import Seams, seams_of
from services.committer import events
from services.committer.api import agreements, commitments, contracts, sagas, settlements
from services.committer.metrics import VALUE_COMMITTED, VALUE_SETTLED
from services.committer.saga import ACTIVATION
from services.committer.settings import Settings


def create_app(settings: Settings, seams: Seams | None = None) -> FastAPI:
    """The app of this service; nothing is opened before its lifespan."""
    service = Service(
        description="Turns an approved model into an agreement: commitments, contracts that both parties "
        "sign, and a settlement for each period by what was really achieved.",
        routers=(
            commitments.router,
            contracts.router,
            agreements.router,
            settlements.router,
            sagas.router,
        ),
        handlers=events.handlers,
        sagas=(ACTIVATION,),
        counters=(VALUE_COMMITTED, VALUE_SETTLED),
    )
    return build_app(service, settings, seams or seams_of(settings))
