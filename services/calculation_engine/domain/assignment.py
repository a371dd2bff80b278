"""What each input of a model is in one run: the model's own value, a scenario's, or the request's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from services.calculation_engine.domain.errors import Fault, NoFiniteValue, UnknownName
from services.calculation_engine.domain.sampling.distributions import SomeLaw, law_of
from services.schemas.value_model import ValueModel


@dataclass(frozen=True, slots=True)
class Assignment:
    """`point` gives every input one number; `drawn` are the laws of those that are uncertain in this run."""

    point: dict[str, float]
    drawn: dict[str, SomeLaw]


def assign(model: ValueModel, scenario: str | None, overrides: Mapping[str, float]) -> Assignment:
    """Applies the scenario, then the overrides. An uncertain input's number is its base, else its mean.

    Raises UnknownName for a scenario or an override that the model does not have.
    """
    replaced = {**_scenario(model, scenario), **_known(model, overrides)}
    point: dict[str, float] = {}
    drawn: dict[str, SomeLaw] = {}
    for name, declared in model.inputs.items():
        if name in replaced:
            point[name] = replaced[name]
        elif declared.value is not None:
            point[name] = declared.value
        elif declared.distribution is not None:
            drawn[name] = law_of(declared.distribution)
            point[name] = declared.base if declared.base is not None else _mean(name, drawn[name])
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


def _mean(name: str, law: SomeLaw) -> float:
    value = law.mean
    if not math.isfinite(value):
        raise NoFiniteValue([Fault(f"/model/inputs/{name}/distribution", f"the mean of {name} is too large")])
    return value
