"""Laws that hold for every model."""

import math
from typing import Any

import pytest
from hypothesis import given, settings

from services.calculation_engine.domain.evaluation import evaluate
from services.calculation_engine.domain.simulation import simulate
from services.schemas.evaluation import Evaluation, EvaluationRequest
from services.schemas.simulation import SimulationRequest
from services.schemas.value_model import ValueModel
from tests.calculation_engine.models import a_driver, a_model, an_input, random_models, scaled

OUTPUTS = (
    "npv",
    "roi",
    "irr",
    "mirr",
    "pv_benefits",
    "pv_costs",
    "payback_months",
    "discounted_payback_months",
    "profitability_index",
)


def evaluation(model: ValueModel, **inputs: float) -> Evaluation:
    return evaluate(EvaluationRequest(model=model, inputs=inputs))


@given(random_models())
def test_scaling_the_currency_scales_npv(model: ValueModel) -> None:
    before, after = evaluation(model).total, evaluation(scaled(model, 1000)).total
    size = before.pv_costs + sum(abs(driver.pv) for driver in evaluation(model).drivers)
    assert after.npv == pytest.approx(1000 * before.npv, abs=1e-6 * size)


@given(random_models())
def test_the_classes_add_up_to_the_total(model: ValueModel) -> None:
    answer = evaluation(model)
    size = sum(abs(driver.pv) for driver in answer.drivers)
    parts = answer.by_realisation.values()
    assert sum(part.pv_benefits for part in parts) == pytest.approx(answer.total.pv_benefits, abs=1e-9 * size)
    assert sum(driver.pv for driver in answer.drivers) == pytest.approx(
        answer.total.pv_benefits, abs=1e-9 * size
    )


@given(random_models())
def test_the_period_table_adds_up(model: ValueModel) -> None:
    answer = evaluation(model)
    table, total = answer.periods, answer.total
    size = 1e-9 * (1 + sum(map(abs, table.benefits)) + sum(table.costs))
    assert table.discounted_cumulative[-1] == pytest.approx(total.npv, abs=size)
    assert table.cumulative[-1] == pytest.approx(total.benefits - total.costs, abs=size)
    assert sum(table.net) == pytest.approx(table.cumulative[-1], abs=size)


@given(random_models())
def test_an_irr_discounts_the_net_flow_to_zero(model: ValueModel) -> None:
    """Save where float64 has too few digits left for 1 + irr."""
    answer = evaluation(model)
    for root in answer.total.irr_roots:
        if not 1e-6 < 1 + root < 1e6:
            continue
        terms = [
            amount * math.exp(-math.log1p(root) * month / 12)
            for amount, month in zip(answer.periods.net, answer.periods.month, strict=True)
        ]
        assert abs(sum(terms)) <= 1e-6 * sum(map(abs, terms))


@given(random_models())
def test_drivers_of_a_pool_never_exceed_it(model: ValueModel) -> None:
    answer = evaluation(model)
    months = model.horizon.months_per_period
    available = float(model.pools["line"].annual_amount) * months / 12
    pooled = {driver.key: 1 - driver.risk_adjustment for driver in model.drivers if driver.pool}
    for period in range(1, len(answer.periods.month)):
        claims = [
            max(line.risk_adjusted[period], 0) / pooled[line.key]
            for line in answer.periods.drivers
            if line.key in pooled
        ]
        assert sum(claims) <= available * (1 + 1e-9) + 1e-9


@settings(max_examples=25)
@given(random_models())
def test_a_simulation_of_a_certain_model_is_its_evaluation(model: ValueModel) -> None:
    """Every draw is the same, so each output is the evaluation's figure, computed a second way."""
    total = evaluation(model, x=1.3).total
    answer = simulate(
        SimulationRequest.model_validate(
            {"model": model.model_dump(), "inputs": {"x": 1.3}, "draws": 100, "outputs": OUTPUTS}
        )
    )
    size = total.pv_costs + abs(total.pv_benefits) + abs(total.npv)
    for described in answer.outputs:
        figure = getattr(total, described.output)
        drawn = described.percentiles.p50.value
        if figure is None or drawn is None:
            assert figure is None or abs(figure) > 1e4 or described.output == "irr"
            assert drawn is None
        else:
            assert drawn == pytest.approx(figure, rel=1e-6, abs=1e-9 * max(size, 1))


def test_changing_one_input_moves_npv_by_the_computed_amount() -> None:
    """hours * 40 EUR * 80 % for three years at 10 %: each hour more is worth 32 * 2.48685… EUR."""
    model = ValueModel.model_validate(
        a_model(
            inputs={"hours": an_input(100), "wage": an_input(40)},
            drivers=[a_driver("d", "hours * wage", risk_adjustment=0.2)],
        )
    )
    annuity = 1 / 1.1 + 1 / 1.21 + 1 / 1.331
    moved = evaluation(model, hours=107).total.npv - evaluation(model).total.npv
    assert moved == pytest.approx(7 * 40 * 0.8 * annuity)


@settings(max_examples=10)
@given(random_models())
def test_percentiles_ascend_inside_their_intervals(model: ValueModel) -> None:
    request: dict[str, Any] = {"model": model.model_dump(), "draws": 500, "outputs": OUTPUTS}
    for described in simulate(SimulationRequest.model_validate(request)).outputs:
        estimates = [
            getattr(described.percentiles, f"p{share}") for share in (1, 5, 10, 25, 50, 75, 90, 95, 99)
        ]
        values = [estimate.value for estimate in estimates if estimate.value is not None]
        assert values == sorted(values)
        for estimate in estimates:
            bounds = [b for b in (estimate.low, estimate.value, estimate.high) if b is not None]
            assert bounds == sorted(bounds)
        assert len(described.histogram.edges) in {0, 41}
        counted = sum(described.histogram.counts) + described.histogram.below + described.histogram.above
        assert counted == 500 - described.undefined


@settings(max_examples=10)
@given(random_models())
def test_the_same_seed_gives_the_same_bytes(model: ValueModel) -> None:
    request = SimulationRequest.model_validate({"model": model.model_dump(), "draws": 300, "seed": 11})
    assert simulate(request).model_dump_json() == simulate(request).model_dump_json()
