"""Sensitivities: what an output of a value model depends on."""

from services.calculation_engine.api.computing import compute
from services.calculation_engine.domain.sensitivity import analyse
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.sensitivity import Sensitivity, SensitivityRequest

router = resource("/sensitivities")


@router.post("", dependencies=[requires("calculation-engine:write")], summary="Analyse a value model")
async def create_sensitivity(body: SensitivityRequest) -> Sensitivity:
    """A tornado of single inputs, rank correlations, and each input's share of the output's variance."""
    return await compute(analyse, body)
