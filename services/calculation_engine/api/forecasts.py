"""Forecasts: how a measured series goes on."""

from services.calculation_engine.api.computing import compute
from services.calculation_engine.domain.forecast import forecast
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.forecast import Forecast, ForecastRequest

router = resource("/forecasts")


@router.post("", dependencies=[requires("calculation-engine:write")], summary="Forecast a series")
async def create_forecast(body: ForecastRequest) -> Forecast:
    """The next values with intervals, by level, trend and season where the series supports them."""
    return await compute(forecast, body)
