"""The table of contents of value-amplifier."""

from fastapi import FastAPI

from services.amplifier import events
from services.amplifier.api import measurements, periods, proof_points, realised_value, success_plans
from services.amplifier.fetcher import ModelFetcher
from services.amplifier.metrics import PERIODS_CLOSED, PERIODS_RESTATED, VALUE_AT_RISK, VALUE_REALISED
from services.amplifier.settings import Settings
from services.chassis.app import Service, build_app
from services.chassis.seams import Seams, seams_of


def create_app(settings: Settings, seams: Seams | None = None) -> FastAPI:
    """The app of this service; nothing is opened before its lifespan."""
    service = Service(
        description="Measures whether what was promised came true: success plans with their measurements, "
        "periods that a second person closes, and the value that was realised.",
        routers=(
            success_plans.router,
            measurements.router,
            periods.router,
            realised_value.router,
            proof_points.router,
        ),
        handlers=events.handlers,
        commands=events.commands,
        background=(ModelFetcher,),
        counters=(VALUE_REALISED, VALUE_AT_RISK, PERIODS_CLOSED, PERIODS_RESTATED),
    )
    return build_app(service, settings, seams or seams_of(settings))
