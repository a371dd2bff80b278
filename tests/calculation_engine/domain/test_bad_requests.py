"""Models that read as documents but cannot be computed: each with the error and the pointer that it gets."""

from typing import Any

import pytest

from services.calculation_engine.domain.errors import EngineError
from services.calculation_engine.domain.evaluation import evaluate
from services.schemas.evaluation import EvaluationRequest
from tests.calculation_engine.models import a_cost, a_driver, a_model, an_input

FORMULA = "/model/drivers/0/formula"


def a_formula(text: str) -> dict[str, Any]:
    return a_model(inputs={"x": an_input(0), "y": an_input(2)}, drivers=[a_driver("d", text)])


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("", None, None),
        ("x +", "invalid_formula", 3),
        ("x y", "invalid_formula", 2),
        ("(x", "invalid_formula", 0),
        ("x)", "invalid_formula", 1),
        ("x.y", "invalid_formula", 1),
        ("x[0]", "invalid_formula", 1),
        ("'x'", "invalid_formula", 0),
        ("x := 1", "invalid_formula", 2),
        ("x = 1", "invalid_formula", 2),
        ("x ^ 2", "invalid_formula", 2),
        ("x // 2", "invalid_formula", 2),
        ("50%", "invalid_formula", 3),
        ("1 if x else 2", "invalid_formula", 2),
        ("if(x, 1)", "invalid_formula", 0),
        ("sum(x, y)", "invalid_formula", 0),
        ("max", "invalid_formula", 0),
        ("x(1)", "invalid_formula", 0),
        ("z * 2", "invalid_formula", 0),
        ("X", "invalid_formula", 0),
        ("d", "invalid_formula", 0),
        ("nan", "invalid_formula", 0),
        ("1e999", "invalid_formula", 0),
        ("1j", "invalid_formula", 0),
        ("0x1F", "invalid_formula", 0),
        ("1 < y < 3", "invalid_formula", 6),
        ("y and not", "invalid_formula", 9),
        ("x, y", "invalid_formula", 1),
        ("\u0445 + 1", "invalid_formula", 0),
        ("x \u2212 1", "invalid_formula", 2),
        ("x\u00a0+ 1", "invalid_formula", 1),
        ("(" * 51 + "x" + ")" * 51, "invalid_formula", 50),
        ("1 / x", "no_finite_value", 2),
        ("y % x", "no_finite_value", 2),
        ("x ** -1", "no_finite_value", 2),
        ("(-y) ** 0.5", "no_finite_value", 5),
        ("ln(x)", "no_finite_value", 0),
        ("log10(-y)", "no_finite_value", 0),
        ("sqrt(-y)", "no_finite_value", 0),
        ("exp(1000)", "no_finite_value", 0),
        ("1e308 * 10", "no_finite_value", 6),
        ("9 ** 9 ** 9", "no_finite_value", 2),
        ("if(1 / x, 1, 2)", "no_finite_value", 5),
        ("1e18", "no_finite_value", 0),
        ("-1e200", "no_finite_value", 0),
    ],
)
def test_bad_formulas(text: str, code: str | None, position: int | None) -> None:
    if code is None:
        with pytest.raises(ValueError, match="at least 1 character"):
            EvaluationRequest.model_validate({"model": a_formula(text)})
        return
    with pytest.raises(EngineError) as refusal:
        evaluate(EvaluationRequest.model_validate({"model": a_formula(text)}))
    (fault,) = refusal.value.faults
    assert (refusal.value.code, fault.pointer, fault.position) == (code, FORMULA, position)
    assert fault.formula == "d"
    assert fault.detail
    assert fault.expected


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"inputs": {"if": an_input(1)}}, "invalid_model", "/model/inputs/if"),
        ({"inputs": {"max": an_input(1)}}, "invalid_model", "/model/inputs/max"),
        ({"formulas": {"not": "1"}}, "invalid_model", "/model/formulas/not"),
        ({"inputs": {"x": an_input(1)}, "formulas": {"x": "1"}}, "invalid_model", "/model/formulas/x"),
        ({"drivers": [a_driver("d", "1"), a_driver("d", "2")]}, "invalid_model", "/model/drivers/1/key"),
        ({"drivers": [a_driver("d", "1", pool="p")]}, "invalid_model", "/model/drivers/0/pool"),
        ({"drivers": [a_driver("d", "1", profile=[1] * 4)]}, "invalid_model", "/model/drivers/0/profile"),
        ({"costs": [a_cost("c"), a_cost("c")]}, "invalid_model", "/model/costs/1/key"),
        ({"formulas": {"a": "a + 1"}}, "invalid_formula", "/model/formulas/a"),
        ({"formulas": {"a": "b", "b": "a"}}, "invalid_formula", "/model/formulas/a"),
        ({"formulas": {"a": "b"}}, "invalid_formula", "/model/formulas/a"),
        ({"costs": [a_cost("c", initial="?")]}, "invalid_formula", "/model/costs/0/initial"),
        ({"costs": [a_cost("c", recurring="1 +")]}, "invalid_formula", "/model/costs/0/recurring"),
        ({"costs": [a_cost("c", recurring="1 / 0")]}, "no_finite_value", "/model/costs/0/recurring"),
        (
            {"pools": {"p": {"label": "P", "annual_amount": "q"}}},
            "invalid_formula",
            "/model/pools/p/annual_amount",
        ),
        (
            {
                "drivers": [a_driver("d", "1", pool="p")],
                "pools": {"p": {"label": "P", "annual_amount": "1 / 0"}},
            },
            "no_finite_value",
            "/model/pools/p/annual_amount",
        ),
        (
            {"inputs": {"x": an_input(distribution={"kind": "lognormal", "p10": 1e-300, "p90": 1e300})}},
            "no_finite_value",
            "/model/inputs/x/distribution",
        ),
    ],
    ids=str,
)
def test_bad_models(fields: dict[str, Any], code: str, pointer: str) -> None:
    with pytest.raises(EngineError) as refusal:
        evaluate(EvaluationRequest.model_validate({"model": a_model(**fields)}))
    assert (refusal.value.code, refusal.value.pointer) == (code, pointer)
    assert str(refusal.value).startswith(pointer)
