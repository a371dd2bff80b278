"""Sensitivities: what an output of a value model depends on."""

from fastapi import Response

from services.calculation_engine.api.computing import COMPUTED, Answering
from services.calculation_engine.jobs.operations import SENSITIVITIES
from services.chassis.access import requires
from services.chassis.transaction import resource
from services.schemas.sensitivity import Sensitivity, SensitivityRequest

router = resource("/sensitivities")


@router.post(
    "",
    dependencies=[requires("calculation-engine:write")],
    response_model=Sensitivity,
    responses=COMPUTED,
    summary="Analyse a value model",
)
async def create_sensitivity(body: SensitivityRequest, computing: Answering) -> Sensitivity | Response:
    """A tornado of single inputs, rank correlations, and each input's share of the output's variance."""
    return await computing.answer(SENSITIVITIES, body)
