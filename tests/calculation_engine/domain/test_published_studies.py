"""The published studies of `examples/tei/`, evaluated and compared with what was printed."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.calculation_engine.domain.evaluation import evaluate
from services.schemas.evaluation import EvaluationRequest
from tests.golden import case

STUDIES = Path(__file__).parents[3] / "examples" / "tei"


def answer_of(study: str) -> Any:
    request = EvaluationRequest.model_validate_json((STUDIES / f"{study}.json").read_text(encoding="utf-8"))
    return evaluate(request).model_dump(mode="json")


def printed_of(study: str) -> list[dict[str, Any]]:
    text = (STUDIES / f"{study}.printed.json").read_text(encoding="utf-8")
    figures: list[dict[str, Any]] = json.loads(text)["figures"]
    return figures


def at(pointer: str, document: Any) -> float:
    for step in pointer.split("/")[1:]:
        document = document[int(step) if isinstance(document, list) else step]
    assert isinstance(document, float)
    return document


@pytest.mark.parametrize(
    ("study", "figure"),
    [
        pytest.param(study, figure, id=f"{study}: {figure['label']}")
        for study in ("salesloft", "relayto-microsites")
        for figure in printed_of(study)
    ],
)
def test_equals_what_was_printed(study: str, figure: dict[str, Any]) -> None:
    computed = at(figure["figure"], answer_of(study))
    if "below" in figure:
        assert computed < figure["below"]
    else:
        assert computed == pytest.approx(figure["value"], abs=figure["tolerance"])


def test_salesloft_agrees_with_the_golden_case() -> None:
    golden = case("tei", "tei-salesloft")
    total = answer_of("salesloft")["total"]
    recomputed = golden["recomputed"]
    assert total["pv_costs"] == pytest.approx(recomputed["pv_costs"], abs=0.005)
    assert total["pv_benefits"] == pytest.approx(recomputed["pv_benefits"], abs=0.005)
    assert total["npv"] == pytest.approx(recomputed["npv"], abs=0.005)
    assert total["roi"] * 100 == pytest.approx(recomputed["roi_percent"], abs=0.0005)
    assert total["payback_months"] == pytest.approx(recomputed["payback_months_linear_in_year"], abs=0.005)


def test_relayto_agrees_with_the_golden_case_line_by_line() -> None:
    golden = case("tei", "driver-relayto-microsites")
    formulas = answer_of("relayto-microsites")["formulas"]
    assert formulas == pytest.approx(golden["recomputed"], rel=1e-6)


@pytest.mark.parametrize("identity", ["lightcast-wcc-student-fy2122", "lightcast-wcc-taxpayer-fy2122"])
def test_forty_year_tables(identity: str) -> None:
    """Benefits of year 0 are benefits at the start, which a model does not have: a negative initial cost."""
    golden = case("tei", identity)
    benefits, costs = golden["inputs"]["benefits"], golden["inputs"]["costs"]
    request = EvaluationRequest.model_validate(
        {
            "model": {
                "currency": "USD",
                "horizon": {"periods": 39, "period_length": "year"},
                "discount_rate": golden["inputs"]["discount_rate"],
                "drivers": [
                    {
                        "key": "benefits",
                        "label": "Benefits",
                        "category": "All",
                        "realisation": "revenue",
                        "formula": "1",
                        "profile": benefits[1:],
                    }
                ],
                "costs": [
                    {
                        "key": "costs",
                        "label": "Costs",
                        "initial": f"{costs[0]} - {benefits[0]}",
                        "recurring": "1",
                        "profile": costs[1:],
                    }
                ],
            }
        }
    )
    total = evaluate(request).total
    assert total.irr is not None
    assert total.payback_months is not None
    computed = {
        "npv": total.npv,
        "irr_percent": total.irr * 100,
        "payback_years": total.payback_months / 12,
    }
    for name, value in computed.items():
        printed = golden["expected"][name]
        assert value == pytest.approx(printed["value"], abs=printed["tolerance"]), name
    recomputed = golden["recomputed"]
    assert total.npv == pytest.approx(recomputed["pv_benefits"] - recomputed["pv_costs"], abs=0.001)
