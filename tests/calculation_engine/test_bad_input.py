"""Bad input as callers send it: refused with a status, a code, and a pointer to what is wrong."""

import json
from typing import Any

import httpx2
import pytest

from tests.calculation_engine.models import Json, a_cost, a_driver, a_model, an_input
from tests.calculation_engine.refusals import VALIDATION, refused

EVALUATIONS = "/api/v1/calculation-engine/evaluations"
SIMULATIONS = "/api/v1/calculation-engine/simulations"
SENSITIVITIES = "/api/v1/calculation-engine/sensitivities"
GOAL_SEEKS = "/api/v1/calculation-engine/goal-seeks"
SCHEDULE_SIMULATIONS = "/api/v1/calculation-engine/schedule-simulations"
FORECASTS = "/api/v1/calculation-engine/forecasts"
DRAWN = {"kind": "pert", "low": 0, "mode": 1, "high": 2}


def without(field: str) -> Json:
    model = a_model()
    del model[field]
    return model


def distributed(**distribution: Any) -> Json:
    return a_model(inputs={"x": an_input(distribution=distribution)})


def driven(**fields: Any) -> Json:
    return a_model(drivers=[{**a_driver("d", "1"), **fields}])


def correlated(*names: str) -> Json:
    """Pairs of names, in a model whose x and y are uncertain."""
    inputs = {name: an_input(distribution=DRAWN) for name in ("x", "y")}
    pairs = zip(names[::2], names[1::2], strict=True)
    listed = [{"first": first, "second": second, "rank": 0.5} for first, second in pairs]
    return a_model(inputs={**inputs, "sure": an_input(1)}, correlations=listed)


KPI = {"input": "x", "metric": "m", "unit": "ratio", "direction": "increase", "aggregation": "mean"}
AT_X = "/model/inputs/x"
AT_D = "/model/drivers/0"
MODELS: list[tuple[Any, str, str]] = [
    # The document's own shape.
    (None, VALIDATION, "/model"),
    ([], VALIDATION, "/model"),
    ("a model", VALIDATION, "/model"),
    ({}, VALIDATION, "/model/currency"),
    (without("horizon"), VALIDATION, "/model/horizon"),
    (a_model(currencies="EUR"), VALIDATION, "/model/currencies"),
    (a_model(currency="eur"), VALIDATION, "/model/currency"),
    (a_model(currency="EURO"), VALIDATION, "/model/currency"),
    (a_model(currency=978), VALIDATION, "/model/currency"),
    (a_model(discount_rate="0.1"), VALIDATION, "/model/discount_rate"),
    (a_model(discount_rate=True), VALIDATION, "/model/discount_rate"),
    (a_model(discount_rate=-0.51), VALIDATION, "/model/discount_rate"),
    (a_model(discount_rate=None), VALIDATION, "/model/discount_rate"),
    (a_model(timing="period_start"), VALIDATION, "/model/timing"),
    (a_model(horizon={"periods": 0, "period_length": "year"}), VALIDATION, "/model/horizon/periods"),
    (a_model(horizon={"periods": 601, "period_length": "year"}), VALIDATION, "/model/horizon/periods"),
    (a_model(horizon={"periods": 2.5, "period_length": "year"}), VALIDATION, "/model/horizon/periods"),
    (a_model(horizon={"periods": 3, "period_length": "week"}), VALIDATION, "/model/horizon/period_length"),
    (a_model(inputs=[an_input(1)]), VALIDATION, "/model/inputs"),
    (a_model(inputs={f"x{index}": an_input(1) for index in range(201)}), VALIDATION, "/model/inputs"),
    (a_model(inputs={"X": an_input(1)}), VALIDATION, "/model/inputs/X"),
    (a_model(inputs={"x y": an_input(1)}), VALIDATION, "/model/inputs/x y"),
    (a_model(inputs={"x": 1}), VALIDATION, AT_X),
    (a_model(inputs={"x": an_input()}), VALIDATION, AT_X),
    (a_model(inputs={"x": an_input(1, distribution=DRAWN)}), VALIDATION, AT_X),
    (a_model(inputs={"x": an_input(1, base=1)}), VALIDATION, AT_X),
    (a_model(inputs={"x": an_input(1, low=2)}), VALIDATION, AT_X),
    (a_model(inputs={"x": {**an_input(), "value": "1"}}), VALIDATION, f"{AT_X}/value"),
    (a_model(inputs={"x": an_input(1, unit="")}), VALIDATION, f"{AT_X}/unit"),
    (a_model(inputs={"x": an_input(1, evidence="rumour")}), VALIDATION, f"{AT_X}/evidence"),
    (distributed(low=1, high=2), VALIDATION, f"{AT_X}/distribution"),
    (distributed(kind="cauchy", mean=0), VALIDATION, f"{AT_X}/distribution"),
    (distributed(kind="uniform", low=2, high=1), VALIDATION, f"{AT_X}/distribution"),
    (distributed(kind="pert", low=0, mode=3, high=2), VALIDATION, f"{AT_X}/distribution"),
    (distributed(kind="pert", low=0, mode=1), VALIDATION, f"{AT_X}/distribution/high"),
    (distributed(kind="normal", mean=0, sd=0), VALIDATION, f"{AT_X}/distribution/sd"),
    (distributed(kind="lognormal", mean=1, p90=2), VALIDATION, f"{AT_X}/distribution"),
    (distributed(kind="lognormal", mean=-1, sd=1), VALIDATION, f"{AT_X}/distribution/mean"),
    (distributed(kind="beta", a=0, b=1), VALIDATION, f"{AT_X}/distribution/a"),
    (distributed(kind="beta", a=1, b=101), VALIDATION, f"{AT_X}/distribution/b"),
    (distributed(kind="beta", a=1, b=1, low=3), VALIDATION, f"{AT_X}/distribution"),
    (distributed(kind="discrete", values=[1, 2], weights=[1]), VALIDATION, f"{AT_X}/distribution"),
    (distributed(kind="discrete", values=[1, 2], weights=[0, 0]), VALIDATION, f"{AT_X}/distribution"),
    (
        distributed(kind="discrete", values=[1, 2], weights=[1, -1]),
        VALIDATION,
        f"{AT_X}/distribution/weights/1",
    ),
    (
        distributed(kind="bernoulli", probability=1.1),
        VALIDATION,
        f"{AT_X}/distribution/probability",
    ),
    (
        distributed(kind="empirical", observations=[1]),
        VALIDATION,
        f"{AT_X}/distribution/observations",
    ),
    (distributed(kind="truncated", of=DRAWN), VALIDATION, f"{AT_X}/distribution"),
    (distributed(kind="truncated", of=DRAWN, low=2, high=2), VALIDATION, f"{AT_X}/distribution"),
    (
        distributed(kind="truncated", of={"kind": "fixed", "value": 1}, low=0),
        VALIDATION,
        f"{AT_X}/distribution/of",
    ),
    (a_model(drivers={"d": a_driver("d", "1")}), VALIDATION, "/model/drivers"),
    (driven(formula=7), VALIDATION, f"{AT_D}/formula"),
    (driven(formula="1" * 2001), VALIDATION, f"{AT_D}/formula"),
    (driven(capture=1.5), VALIDATION, f"{AT_D}/capture"),
    (driven(capture=0.5), VALIDATION, AT_D),
    (driven(realisation="hoped"), VALIDATION, f"{AT_D}/realisation"),
    (driven(risk_adjustment=1), VALIDATION, f"{AT_D}/risk_adjustment"),
    (driven(profile=[]), VALIDATION, f"{AT_D}/profile"),
    (driven(profile=[1, -1]), VALIDATION, f"{AT_D}/profile/1"),
    (driven(kpi={"input": "x"}), VALIDATION, f"{AT_D}/kpi/metric"),
    (a_model(scenarios={"s": {"label": "S", "inputs": {}}}), VALIDATION, "/model/scenarios/s/inputs"),
    (
        a_model(correlations=[{"first": "x", "second": "y", "rank": 2}]),
        VALIDATION,
        "/model/correlations/0/rank",
    ),
    # What its parts say of each other.
    (driven(pool="p"), "invalid_model", f"{AT_D}/pool"),
    (driven(profile=[1] * 4), "invalid_model", f"{AT_D}/profile"),
    (distributed(kind="truncated", of=DRAWN, low=2.5), "invalid_model", f"{AT_X}/distribution"),
    (a_model(inputs={"max": an_input(1)}), "invalid_model", "/model/inputs/max"),
    (a_model(costs=[a_cost("c"), a_cost("c")]), "invalid_model", "/model/costs/1/key"),
    (
        a_model(scenarios={"s": {"label": "S", "inputs": {"z": 1}}}),
        "invalid_model",
        "/model/scenarios/s/inputs/z",
    ),
    (driven(kpi={**KPI, "input": "z"}), "invalid_model", f"{AT_D}/kpi/input"),
    (a_model(inputs={"x": an_input(1)}, formulas={"x": "1"}), "invalid_model", "/model/formulas/x"),
    (correlated("x", "z"), "invalid_model", "/model/correlations/0/second"),
    (correlated("x", "x"), "invalid_model", "/model/correlations/0/second"),
    (correlated("x", "sure"), "invalid_model", "/model/correlations/0/second"),
    (correlated("x", "y", "y", "x"), "invalid_model", "/model/correlations/1"),
    (a_model(drivers=[a_driver("d", "1")] * 2), "invalid_model", "/model/drivers/1/key"),
    # Formulas.
    (driven(formula="x ? 1 : 2"), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="1 2"), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="max()"), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="if(1, 2)"), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="1e999"), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="'1'"), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="d"), "invalid_formula", f"{AT_D}/formula"),
    (a_model(formulas={"a": "a"}), "invalid_formula", "/model/formulas/a"),
    (a_model(costs=[a_cost("c", initial="eval(1)")]), "invalid_formula", "/model/costs/0/initial"),
    (
        a_model(pools={"p": {"label": "P", "annual_amount": "q"}}),
        "invalid_formula",
        "/model/pools/p/annual_amount",
    ),
    (driven(formula=" "), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="z * 2"), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="__import__('os')"), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="(" * 1000 + "1" + ")" * 999), "invalid_formula", f"{AT_D}/formula"),
    (driven(formula="1\u0000"), "invalid_formula", f"{AT_D}/formula"),
    (a_model(formulas={"a": "b", "b": "a"}), "invalid_formula", "/model/formulas/a"),
    (a_model(costs=[a_cost("c", recurring="1 +")]), "invalid_formula", "/model/costs/0/recurring"),
]


@pytest.mark.parametrize("path", [EVALUATIONS, SIMULATIONS])
@pytest.mark.parametrize(("model", "code", "pointer"), MODELS, ids=lambda value: str(value)[:60])
async def test_a_bad_model_is_pointed_at(
    engineer: httpx2.AsyncClient, path: str, model: Any, code: str, pointer: str
) -> None:
    problem = refused(await engineer.post(path, json={"model": model}), 422, code)
    assert pointer in [error["pointer"] for error in problem["errors"]], problem["errors"]
    assert all(error["detail"] for error in problem["errors"])


@pytest.mark.parametrize("formula", ["1 / 0", "9 ** 9 ** 9", "sqrt(-1)", "ln(0)", "1e308 * 10"])
async def test_a_formula_without_a_finite_value_is_pointed_at(
    engineer: httpx2.AsyncClient, formula: str
) -> None:
    """In an evaluation: a simulation counts the draws that have none."""
    answer = await engineer.post(EVALUATIONS, json={"model": driven(formula=formula)})
    problem = refused(answer, 422, "no_finite_value")
    assert [error["pointer"] for error in problem["errors"]] == [f"{AT_D}/formula"]


X_DRAWN = a_model(inputs={"x": an_input(distribution=DRAWN), "y": an_input(distribution=DRAWN)})


@pytest.mark.parametrize(
    ("path", "fields", "code", "pointer"),
    [
        (EVALUATIONS, {"scenario": "s"}, "unknown_name", "/scenario"),
        (EVALUATIONS, {"inputs": {"z": 1}}, "unknown_name", "/inputs/z"),
        (EVALUATIONS, {"inputs": {"x": "1"}}, VALIDATION, "/inputs/x"),
        (EVALUATIONS, {"draws": 1000}, VALIDATION, "/draws"),
        (SIMULATIONS, {"scenario": "s"}, "unknown_name", "/scenario"),
        (SIMULATIONS, {"draws": 99}, VALIDATION, "/draws"),
        (SIMULATIONS, {"draws": 1e3}, VALIDATION, "/draws"),
        (SIMULATIONS, {"draws": 10**8 + 1}, VALIDATION, "/draws"),
        (SIMULATIONS, {"draws": 10**9}, VALIDATION, "/draws"),
        (SIMULATIONS, {"seed": -1}, VALIDATION, "/seed"),
        (SIMULATIONS, {"seed": 2**53}, VALIDATION, "/seed"),
        (SIMULATIONS, {"sampler": "halton"}, VALIDATION, "/sampler"),
        (SIMULATIONS, {"outputs": []}, VALIDATION, "/outputs"),
        (SIMULATIONS, {"outputs": ["tir"]}, VALIDATION, "/outputs/0"),
        (SIMULATIONS, {"targets": {"payback_months": -1}}, VALIDATION, "/targets/payback_months"),
        (SIMULATIONS, {"bins": 0}, VALIDATION, "/bins"),
        (SENSITIVITIES, {"output": "tir"}, VALIDATION, "/output"),
        (SENSITIVITIES, {"methods": ["morris"]}, VALIDATION, "/methods/0"),
        (SENSITIVITIES, {"methods": []}, VALIDATION, "/methods"),
        (SENSITIVITIES, {"draws": 100}, VALIDATION, "/draws"),
        (SENSITIVITIES, {"scenario": "s"}, "unknown_name", "/scenario"),
        (SENSITIVITIES, {"inputs": {"z": 1}}, "unknown_name", "/inputs/z"),
        (GOAL_SEEKS, {}, VALIDATION, "/input"),
        (GOAL_SEEKS, {"input": "z"}, "unknown_name", "/input"),
        (GOAL_SEEKS, {"input": "x"}, "missing_bounds", "/low"),
        (GOAL_SEEKS, {"input": "x", "low": 0}, "missing_bounds", "/high"),
        (GOAL_SEEKS, {"input": "x", "low": 1, "high": 1}, VALIDATION, ""),
        (GOAL_SEEKS, {"input": "x", "target": "0"}, VALIDATION, "/target"),
        (GOAL_SEEKS, {"input": "x", "low": 0, "high": 1, "output": "price"}, VALIDATION, "/output"),
    ],
    ids=str,
)
async def test_a_bad_request_is_pointed_at(
    engineer: httpx2.AsyncClient, path: str, fields: Json, code: str, pointer: str
) -> None:
    problem = refused(await engineer.post(path, json={"model": X_DRAWN, **fields}), 422, code)
    assert pointer in [error["pointer"] for error in problem["errors"]]


A_DAY = {"key": "a", "duration": 1}
ESTIMATED = {**A_DAY, "estimate": {"optimistic": 1, "most_likely": 2, "pessimistic": 3}}
WAITING = [
    {"key": "a", "duration": 1, "links": [{"predecessor": "b"}]},
    {"key": "b", "duration": 1, "links": [{"predecessor": "a"}]},
]


@pytest.mark.parametrize(
    ("activities", "fields", "code", "pointer"),
    [
        (None, {}, VALIDATION, "/network/activities"),
        ([], {}, VALIDATION, "/network/activities"),
        ([{"key": "A", "duration": 1}], {}, VALIDATION, "/network/activities/0/key"),
        ([{"key": "a", "duration": -1}], {}, VALIDATION, "/network/activities/0/duration"),
        ([{"key": "a", "duration": "1"}], {}, VALIDATION, "/network/activities/0/duration"),
        (
            [{**A_DAY, "estimate": {"optimistic": 3, "most_likely": 2, "pessimistic": 4}}],
            {},
            VALIDATION,
            "/network/activities/0/estimate",
        ),
        (
            [{**A_DAY, "links": [{"predecessor": "a", "kind": "FX"}]}],
            {},
            VALIDATION,
            "/network/activities/0/links/0/kind",
        ),
        (
            [{**A_DAY, "links": [{"predecessor": "z"}]}],
            {},
            "invalid_network",
            "/network/activities/0/links/0/predecessor",
        ),
        ([A_DAY, A_DAY], {}, "invalid_network", "/network/activities/1/key"),
        (WAITING, {}, "invalid_network", "/network/activities/1/links/0"),
        ([A_DAY], {"deadlines": [-1]}, VALIDATION, "/deadlines/0"),
        ([A_DAY], {"deadlines": [1] * 21}, VALIDATION, "/deadlines"),
        ([A_DAY], {"law": "weibull"}, VALIDATION, "/law"),
        ([A_DAY], {"draws": 99}, VALIDATION, "/draws"),
        ([A_DAY], {"draws": 2**17 + 1}, VALIDATION, "/draws"),
        ([A_DAY], {"bins": 0}, VALIDATION, "/bins"),
        (
            [{**ESTIMATED, "key": f"a{index}"} for index in range(513)],
            {"sampler": "sobol"},
            "unsuitable_sampler",
            "/sampler",
        ),
        ([A_DAY], {"deadline": 3}, VALIDATION, "/deadline"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_bad_network_is_pointed_at(
    engineer: httpx2.AsyncClient, activities: Any, fields: Json, code: str, pointer: str
) -> None:
    body = {"network": {"activities": activities}, **fields}
    problem = refused(await engineer.post(SCHEDULE_SIMULATIONS, json=body), 422, code)
    assert pointer in [error["pointer"] for error in problem["errors"]], problem["errors"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"series": None}, "/series"),
        ({"series": []}, "/series"),
        ({"series": [1] * 401}, "/series"),
        ({"series": [1, "2"]}, "/series/1"),
        ({"series": [1, True]}, "/series/1"),
        ({"series": [1, 1e16]}, "/series/1"),
        ({"series": [1], "steps": 0}, "/steps"),
        ({"series": [1], "steps": 121}, "/steps"),
        ({"series": [1], "season_length": 1}, "/season_length"),
        ({"series": [1], "season_length": 54}, "/season_length"),
        ({"series": [1], "confidence": 1}, "/confidence"),
        ({"series": [1], "model": "arima"}, "/model"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_bad_series_is_pointed_at(engineer: httpx2.AsyncClient, fields: Json, pointer: str) -> None:
    problem = refused(await engineer.post(FORECASTS, json=fields), 422, VALIDATION)
    assert pointer in [error["pointer"] for error in problem["errors"]], problem["errors"]


async def test_a_formula_s_fault_is_told_with_its_place(engineer: httpx2.AsyncClient) -> None:
    problem = refused(
        await engineer.post(EVALUATIONS, json={"model": driven(formula="1 + z")}), 422, "invalid_formula"
    )
    assert problem["errors"][0]["detail"] == (
        "there is no input or formula 'z' "
        "(in d at position 4; expected: the name of an input or of a formula)"
    )


WELL = json.dumps({"model": a_model(discount_rate=0.125)})


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ('{"model": {', "position 11"),
        (WELL + "}", f"position {len(WELL)}"),
        ("{'model': 1}", "position 1"),
        ("// a comment\n{}", "position 0"),
        (b'{"model": "\xe9"}', "not UTF-8 at position 11"),
        ('{"model": ' + "[" * 100_000, "nested too deeply"),
        (WELL.replace("0.125", "9" * 5000), "too many digits"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_is_not_json_is_400_with_its_place(
    engineer: httpx2.AsyncClient, body: str | bytes, where: str
) -> None:
    answer = await engineer.post(EVALUATIONS, content=body, headers={"Content-Type": "application/json"})
    assert where in refused(answer, 400, "bad_json")["detail"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
async def test_a_number_is_finite(engineer: httpx2.AsyncClient, number: str) -> None:
    body = WELL.replace("0.125", number)
    answer = await engineer.post(EVALUATIONS, content=body, headers={"Content-Type": "application/json"})
    problem = refused(answer, 422, VALIDATION)
    assert [error["pointer"] for error in problem["errors"]] == ["/model/discount_rate"]
