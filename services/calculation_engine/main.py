"""The table of contents of calculation-engine."""

from fastapi import FastAPI

from services.calculation_engine.api import (
    deal_optimizations,
    evaluations,
    forecasts,
    functions,
    goal_seeks,
    jobs,
    schedule_simulations,
    sensitivities,
    simulations,
)
from services.calculation_engine.api.streams import OpenStreams
from services.calculation_engine.jobs.background import background
from services.calculation_engine.metrics import JOBS, JOBS_ENDED, SHARDS
from services.calculation_engine.settings import Settings
from services.calculation_engine.store.jobs import PRUNED
from services.chassis.app import Service, build_app
from services.chassis.seams import Seams, seams_of


def create_app(settings: Settings, seams: Seams | None = None) -> FastAPI:
    """The app of this service; nothing is opened before its lifespan."""
    seams = seams or seams_of(settings)
    computed = (evaluations, simulations, sensitivities, goal_seeks, deal_optimizations, forecasts)
    service = Service(
        description="Evaluates and simulates value models: the numbers that every other service trusts.",
        routers=tuple(each.router for each in (*computed, schedule_simulations, jobs, functions)),
        background=background(settings, seams),
        counters=(JOBS_ENDED, SHARDS),
        gauges=(JOBS,),
        kept=(PRUNED,),
    )
    app = build_app(service, settings, seams)
    app.state.streams = OpenStreams()
    return app
