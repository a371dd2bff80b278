"""The table of contents of calculation-engine."""

from fastapi import FastAPI

from services.calculation_engine.api import (
    deal_optimizations,
    evaluations,
    forecasts,
    functions,
    goal_seeks,
    schedule_simulations,
    sensitivities,
    simulations,
)
from services.calculation_engine.settings import Settings
from services.chassis.app import Service, build_app
from services.chassis.seams import Seams, seams_of


def create_app(settings: Settings, seams: Seams | None = None) -> FastAPI:
    """The app of this service; nothing is opened before its lifespan."""
    service = Service(
        description="Evaluates and simulates value models: the numbers that every other service trusts.",
        routers=(
            evaluations.router,
            simulations.router,
            sensitivities.router,
            goal_seeks.router,
            deal_optimizations.router,
            forecasts.router,
            schedule_simulations.router,
            functions.router,
        ),
    )
    return build_app(service, settings, seams or seams_of(settings))
