"""What makes a driver's template invalid is said at its field."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.architect.domain.templates import DriverTemplate
from tests.architect.domain.drivers import driver


def _document() -> dict[str, Any]:
    return driver("d").model_dump(mode="json")


@pytest.mark.parametrize(
    ("changes", "place", "says"),
    [
        ({"capture": 0.5}, (), "capture is 1 unless realisation is capacity"),
        ({"pains": ["downtime", "downtime"]}, ("pains",), "named twice"),
        ({"industries": []}, ("industries",), "at least 1"),
        ({"ramp": {"starts_after_months": 6, "full_after_months": 3}}, ("ramp",), "not before"),
        ({"suits": {"employees": 0}}, ("suits", "employees"), "greater than 0"),
        ({"suits": {"turnover": 5}}, ("suits", "turnover", "[key]"), "'employees' or 'annual_revenue'"),
        ({"realisation": "hope"}, ("realisation",), "'cashable'"),
        ({"key": "Not A Key"}, ("key",), "pattern"),
    ],
)
def test_a_field_that_is_wrong(changes: dict[str, Any], place: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DriverTemplate.model_validate({**_document(), **changes})
    [error] = caught.value.errors()
    assert error["loc"] == place
    assert says in error["msg"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"low": 11}, "low <= base <= high"),
        ({"low": 10, "high": 10}, "low < high"),
        ({"citation": None}, "a benchmark needs its citation"),
        ({"high": 1e300}, "less than or equal to 1000000000000000"),
    ],
)
def test_an_input_that_is_wrong(changes: dict[str, Any], says: str) -> None:
    document = _document()
    document["inputs"]["volume"] |= changes
    with pytest.raises(ValidationError, match=says):
        DriverTemplate.model_validate(document)


def test_the_kpi_names_an_input() -> None:
    document = _document()
    document["kpi"]["input"] = "unheard_of"
    with pytest.raises(ValidationError, match="not the name of an input"):
        DriverTemplate.model_validate(document)
