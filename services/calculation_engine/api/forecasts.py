"""Forecasts: how a measured series goes on."""

from fastapi import Response

from services.calculation_engine.api.computing import COMPUTED, Answering
from services.calculation_engine.jobs.operations import FORECASTS
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.forecast import Forecast, ForecastRequest

router = resource("/forecasts")


@router.post(
    "",
    dependencies=[requires("calculation-engine:write")],
    response_model=Forecast,
    responses=COMPUTED,
    summary="Forecast a series",
)
async def create_forecast(body: ForecastRequest, computing: Answering) -> Forecast | Response:
    """The next values with intervals, by level, trend and season where the series supports them."""
    return await computing.answer(FORECASTS, body)
