"""What one part of a value model asks of another: names that must exist, keys that must differ.

These rules hold for a model as a whole, so they are not the fields' own; each finding carries the JSON
pointer of the field at fault. What formulas say is the calculation engine's to check.
"""

from collections.abc import Iterable, Iterator, Sequence

from services.schemas.problem import FieldError
from services.schemas.value_model import Cost, Driver, ValueModel


def inconsistencies(model: ValueModel) -> list[FieldError]:
    """Every contradiction inside the model, in the document's order; none means that it is consistent."""
    return [
        *_names_taken_twice(model),
        *_drivers(model),
        *_costs(model),
        *_scenarios(model),
        *_correlations(model),
    ]


def _names_taken_twice(model: ValueModel) -> Iterator[FieldError]:
    for name in model.formulas:
        if name in model.inputs:
            yield FieldError(pointer=f"/formulas/{name}", detail=f"{name!r} is already the name of an input")


def _drivers(model: ValueModel) -> Iterator[FieldError]:
    yield from _repeated_keys("drivers", [driver.key for driver in model.drivers])
    for index, driver in enumerate(model.drivers):
        place = f"/drivers/{index}"
        if driver.pool is not None and driver.pool not in model.pools:
            yield FieldError(pointer=f"{place}/pool", detail=f"there is no pool {driver.pool!r}")
        if driver.kpi is not None and driver.kpi.input not in model.inputs:
            yield FieldError(pointer=f"{place}/kpi/input", detail=f"there is no input {driver.kpi.input!r}")
        yield from _profile(model, place, driver)


def _costs(model: ValueModel) -> Iterator[FieldError]:
    yield from _repeated_keys("costs", [cost.key for cost in model.costs])
    for index, cost in enumerate(model.costs):
        yield from _profile(model, f"/costs/{index}", cost)


def _scenarios(model: ValueModel) -> Iterator[FieldError]:
    for key, scenario in model.scenarios.items():
        for name in _unknown(scenario.inputs, model):
            yield FieldError(pointer=f"/scenarios/{key}/inputs/{name}", detail=f"there is no input {name!r}")


def _correlations(model: ValueModel) -> Iterator[FieldError]:
    seen: set[frozenset[str]] = set()
    for index, correlation in enumerate(model.correlations):
        place = f"/correlations/{index}"
        for field, name in (("first", correlation.first), ("second", correlation.second)):
            known = model.inputs.get(name)
            if known is None:
                yield FieldError(pointer=f"{place}/{field}", detail=f"there is no input {name!r}")
            elif known.distribution is None:
                yield FieldError(pointer=f"{place}/{field}", detail=f"the input {name!r} has no distribution")
        pair = frozenset((correlation.first, correlation.second))
        if len(pair) == 1:
            yield FieldError(pointer=f"{place}/second", detail="an input is not correlated with itself")
        elif pair in seen:
            yield FieldError(pointer=place, detail="this pair is already correlated")
        seen.add(pair)


def _repeated_keys(collection: str, keys: Sequence[str]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if key in seen:
            yield FieldError(pointer=f"/{collection}/{index}/key", detail=f"the key {key!r} is taken twice")
        seen.add(key)


def _profile(model: ValueModel, place: str, line: Driver | Cost) -> Iterator[FieldError]:
    if len(line.profile) > model.horizon.periods:
        yield FieldError(
            pointer=f"{place}/profile",
            detail=f"the profile has {len(line.profile)} values for {model.horizon.periods} periods",
        )


def _unknown(names: Iterable[str], model: ValueModel) -> list[str]:
    return [name for name in names if name not in model.inputs]
