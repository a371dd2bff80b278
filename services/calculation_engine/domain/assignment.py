"""What each input of a model is in one run: the model's own value, a scenario's, or the request's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from services.calculation_engine.domain.compiled import CompiledModel
from services.calculation_engine.domain.errors import Fault, NoFiniteValue, UnknownName
from services.calculation_engine.domain.sampling.distributions import SomeLaw
from services.schemas.value_model import ValueModel


@dataclass(frozen=True, slots=True)
class Assignment:
    """`point` gives every input one number; `drawn` are the laws of those that are uncertain in this run."""

    point: dict[str, float]
    drawn: dict[str, SomeLaw]


def assign(compiled: CompiledModel, scenario: str | None, overrides: Mapping[str, float]) -> Assignment:
    """Applies the scenario, then the overrides. An uncertain input's number is its base, else its mean.

    Raises UnknownName for a scenario or an override that the model does not have, and NoFiniteValue for a
    mean beyond float64.
    """
    replaced = {**_scenario(compiled.model, scenario), **_known(compiled.model, overrides)}
    point = {**compiled.point, **replaced}
    drawn = {name: law for name, law in compiled.laws.items() if name not in replaced}
    for name in drawn:
        if not math.isfinite(point[name]):
            pointer = f"/model/inputs/{name}/distribution"
            raise NoFiniteValue([Fault(pointer, f"the mean of {name} is too large")])
    return Assignment(point, drawn)


def _scenario(model: ValueModel, name: str | None) -> Mapping[str, float]:
    if name is None:
        return {}
    if name not in model.scenarios:
        raise UnknownName([Fault("/scenario", f"the model has no scenario {name!r}")])
    return model.scenarios[name].inputs


def _known(model: ValueModel, overrides: Mapping[str, float]) -> Mapping[str, float]:
    faults = [
        Fault(f"/inputs/{name}", f"the model has no input {name!r}")
        for name in overrides
        if name not in model.inputs
    ]
    if faults:
        raise UnknownName(faults)
    return overrides
