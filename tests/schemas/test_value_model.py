"""What a value model may say, and where it is told that it may not."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.schemas.distributions import Distribution
from services.schemas.evaluation import EvaluationRequest
from services.schemas.simulation import SimulationRequest
from services.schemas.value_model import ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

# pydantic puts the kind of a distribution into an error's location.
KINDS = {"pert"}
DISTRIBUTIONS: TypeAdapter[Distribution] = TypeAdapter(Distribution)


def test_the_example_reads_and_round_trips() -> None:
    model = ValueModel.model_validate(VALUE_MODEL_EXAMPLE)
    assert ValueModel.model_validate_json(model.model_dump_json()) == model
    assert ValueModel.model_validate(model.model_dump(mode="json")) == model


@pytest.mark.parametrize("request_type", [EvaluationRequest, SimulationRequest])
def test_requests_have_examples_that_read(
    request_type: type[EvaluationRequest] | type[SimulationRequest],
) -> None:
    schema = request_type.model_json_schema()
    assert schema["examples"]
    for example in schema["examples"]:
        request_type.model_validate(example)


def edited(path: str, value: Any) -> dict[str, Any]:
    """The example with one field, named by its path, replaced."""
    document: Any = ValueModel.model_validate(VALUE_MODEL_EXAMPLE).model_dump(mode="json")
    *way, last = [step for step in path.split(".") if step not in KINDS]
    place = document
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    return document  # type: ignore[no-any-return]  # JSON, as model_dump gives it


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("currency", "euro"),
        ("horizon.periods", 0),
        ("horizon.periods", 601),
        ("horizon.periods", 12.0),
        ("horizon.period_length", "week"),
        ("discount_rate", -0.6),
        ("discount_rate", "0.1"),
        ("discount_rate", float("nan")),
        ("timing", "mid_period"),
        ("surprise", 1),
        ("inputs.Hours", VALUE_MODEL_EXAMPLE["inputs"]["licence"]),
        ("inputs.licence.evidence", "hearsay"),
        ("inputs.licence.value", True),
        ("inputs.licence.value", None),
        ("inputs.licence.base", 5),
        ("inputs.licence.low", 1e9),
        ("inputs.licence.unit", ""),
        ("inputs.deflection_rate.value", 1),
        ("inputs.deflection_rate.distribution.kind", "gamma"),
        ("inputs.deflection_rate.distribution.pert.mode", 0.5),
        ("formulas.hours_saved", ""),
        ("formulas.hours_saved", "1" * 2001),
        ("drivers.0.realisation", "soft"),
        ("drivers.0.capture", 1.5),
        ("drivers.1.capture", 0.5),
        ("drivers.0.risk_adjustment", 1),
        ("drivers.0.profile", []),
        ("drivers.0.profile", [-1]),
        ("drivers.0.profile", [1] * 601),
        ("drivers.0.kpi.aggregation", "max"),
        ("costs.0.risk_adjustment", -0.1),
        ("costs.0.initial", 53150),
        ("scenarios.cautious.inputs", {}),
    ],
)
def test_malformed_models_are_refused_at_the_field(path: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        ValueModel.model_validate(edited(path, value))
    steps = path.split(".")
    locations = [[str(step) for step in error["loc"]] for error in refusal.value.errors()]
    # A rule over several fields is reported where they stand.
    assert any(steps[: len(location)] == location[: len(steps)] for location in locations)


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "uniform", "low": 1, "high": 1},
        {"kind": "triangular", "low": 0, "mode": 3, "high": 2},
        {"kind": "pert", "low": 0, "mode": -1, "high": 2},
        {"kind": "pert", "low": 0, "mode": 1, "high": 2, "shape": 0},
        {"kind": "normal", "mean": 0, "sd": 0},
        {"kind": "lognormal", "mean": 1},
        {"kind": "lognormal", "mean": 1, "sd": 1, "p10": 1, "p90": 2},
        {"kind": "lognormal", "p10": 2, "p90": 1},
        {"kind": "lognormal", "mean": -1, "sd": 1},
        {"kind": "beta", "alpha": 1, "beta": 2},
        {"low": 0, "high": 1},
    ],
    ids=str,
)
def test_malformed_distributions_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DISTRIBUTIONS.validate_python(document)


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "fixed", "value": 3},
        {"kind": "uniform", "low": -1, "high": 1},
        {"kind": "triangular", "low": 0, "mode": 0, "high": 2},
        {"kind": "pert", "low": 0, "mode": 2, "high": 2, "shape": 2.5},
        {"kind": "normal", "mean": 0, "sd": 2},
        {"kind": "lognormal", "mean": 10, "sd": 3},
        {"kind": "lognormal", "p10": 1, "p90": 2},
    ],
    ids=str,
)
def test_every_kind_of_distribution_reads(document: dict[str, Any]) -> None:
    found = DISTRIBUTIONS.validate_python(document)
    assert found.kind == document["kind"]
