"""Simulations against closed forms, and what they do with draws that fail."""

import math
from statistics import NormalDist
from typing import Any

import pytest

from services.calculation_engine.domain.errors import TooLarge, UnknownName
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.simulation import simulate
from services.schemas.simulation import Distributed, Output, Sampler, Simulation, SimulationRequest
from tests.calculation_engine.models import a_cost, a_driver, a_model, an_input

ANNUITY = 1 / 1.1 + 1 / 1.21 + 1 / 1.331
NORMAL = {"kind": "normal", "mean": 500, "sd": 100}


def simulation(model: dict[str, Any], **request: Any) -> Simulation:
    return simulate(SimulationRequest.model_validate({"model": model, **request}))


def described(answer: Simulation, output: Output) -> Distributed:
    return next(found for found in answer.outputs if found.output == output)


def normal_model(**fields: Any) -> dict[str, Any]:
    """NPV is normal: mean 500 a - 1000, sd 100 a, for an annuity factor a."""
    return a_model(inputs={"x": an_input(distribution=NORMAL)}, drivers=[a_driver("d", "x")], **fields)


SAMPLERS: list[Sampler] = ["random", "latin_hypercube", "sobol"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_linear_model_of_a_normal_input_is_normal(sampler: Sampler) -> None:
    answer = simulation(normal_model(), draws=20_000, sampler=sampler, outputs=["npv"])
    exact = NormalDist(500 * ANNUITY - 1000, 100 * ANNUITY)
    npv = described(answer, "npv")
    assert npv.mean.low is not None
    assert npv.mean.high is not None
    assert npv.mean.low < exact.mean < npv.mean.high
    assert npv.sd == pytest.approx(exact.stdev, rel=0.03)
    for share in (1, 5, 10, 25, 50, 75, 90, 95, 99):
        estimate = getattr(npv.percentiles, f"p{share}")
        assert estimate.value == pytest.approx(exact.inv_cdf(share / 100), abs=0.1 * exact.stdev)
    probability = answer.probabilities.npv_positive
    assert probability.low is not None
    assert probability.high is not None
    assert probability.low < 1 - exact.cdf(0) < probability.high


@pytest.mark.parametrize("sampler", ["latin_hypercube", "sobol"])
def test_a_spread_sample_is_surer_and_its_interval_says_so(sampler: Sampler) -> None:
    npv = described(simulation(normal_model(), draws=8192, sampler=sampler, outputs=["npv"]), "npv")
    assert npv.mean.value == pytest.approx(500 * ANNUITY - 1000, abs=0.1)
    assert npv.mean.low is not None
    assert npv.mean.high is not None
    assert npv.mean.high - npv.mean.low < 0.2
    # Independent draws: 2 * 1.96 * 100 a / sqrt(8192).
    independent = described(simulation(normal_model(), draws=8192, sampler="random"), "npv").mean
    assert independent.low is not None
    assert independent.high is not None
    assert 4 < independent.high - independent.low < 20


def test_targets_are_counted() -> None:
    """ROI >= 0.2 needs x >= 1200 / a; payback within 30 months needs 2.5 x >= 1000."""
    answer = simulation(normal_model(), draws=20_000, targets={"roi": 0.2, "payback_months": 30})
    inputs = NormalDist(500, 100)
    roi, payback = answer.probabilities.roi_target, answer.probabilities.payback_target
    assert roi is not None
    assert payback is not None
    assert roi.value == pytest.approx(1 - inputs.cdf(1200 / ANNUITY), abs=0.01)
    assert payback.value == pytest.approx(1 - inputs.cdf(400), abs=0.01)


def test_targets_need_not_be_outputs() -> None:
    answer = simulation(normal_model(), outputs=["npv"], targets={"roi": 0.2})
    assert [found.output for found in answer.outputs] == ["npv"]
    assert answer.probabilities.roi_target is not None
    assert answer.probabilities.payback_target is None


def test_draws_that_never_pay_back_lie_beyond_all_percentiles() -> None:
    """Less than 1000 / 3 a year never pays back: 4.8 % of the draws."""
    payback = described(simulation(normal_model(), draws=20_000), "payback_months")
    assert payback.undefined / 20_000 == pytest.approx(NormalDist(500, 100).cdf(1000 / 3), abs=0.003)
    assert payback.percentiles.p90.value is not None
    assert payback.percentiles.p99.value is None
    assert payback.percentiles.p99.high is None
    assert payback.mean.value is not None


def test_draws_without_a_finite_value_are_counted_and_explained() -> None:
    model = a_model(
        inputs={"x": an_input(distribution={"kind": "uniform", "low": -1, "high": 3})},
        drivers=[a_driver("d", "sqrt(x) * 1000")],
    )
    answer = simulation(model, draws=4000)
    assert answer.non_finite_draws == pytest.approx(1000, abs=5)
    (warning,) = answer.warnings
    assert warning.pointer == "/model/drivers/0/formula"
    assert warning.detail.startswith("in some draws d has no value: the square root")
    npv = described(answer, "npv")
    counted = sum(npv.histogram.counts) + npv.histogram.below + npv.histogram.above
    assert counted == 4000 - answer.non_finite_draws


def test_a_model_that_always_fails_has_no_figures() -> None:
    model = a_model(
        inputs={"x": an_input(distribution={"kind": "uniform", "low": -2, "high": -1})},
        drivers=[a_driver("d", "ln(x)")],
    )
    answer = simulation(model, draws=100)
    assert answer.non_finite_draws == 100
    npv = described(answer, "npv")
    assert npv.mean.value is npv.sd is npv.percentiles.p50.value is None
    assert npv.histogram.counts == ()
    assert answer.probabilities.npv_positive.value is None


def test_amounts_that_are_too_large_are_counted_too() -> None:
    model = a_model(
        inputs={"x": an_input(base=1, distribution={"kind": "lognormal", "p10": 1, "p90": 1e60})},
        drivers=[a_driver("d", "x")],
    )
    answer = simulation(model, draws=1000)
    assert 500 < answer.non_finite_draws < 900
    assert answer.warnings[0].detail == "in some draws an amount is too large"


def test_inputs_beyond_float64_are_counted_too() -> None:
    model = a_model(
        inputs={"x": an_input(base=1, distribution={"kind": "lognormal", "p10": 1, "p90": 1e300})},
        drivers=[a_driver("d", "min(x, 5)")],
    )
    answer = simulation(model, draws=20_000, sampler="random")
    assert 0 < answer.non_finite_draws < 2000
    assert answer.warnings[0].pointer == "/model/inputs/x"


def test_pools_cap_every_draw() -> None:
    """Two drivers claim x each from a pool of 800: together min(2 x, 800)."""
    model = a_model(
        inputs={"x": an_input(distribution={"kind": "uniform", "low": 0, "high": 800})},
        drivers=[a_driver("a", "x", pool="line"), a_driver("b", "x", pool="line", risk_adjustment=0.5)],
        pools={"line": {"label": "Line", "annual_amount": "800"}},
        costs=[],
    )
    benefits = described(simulation(model, outputs=["pv_benefits"]), "pv_benefits")
    # E min(2 x, 800) = 600, three quarters of it after risk.
    assert benefits.mean.value == pytest.approx(450 * ANNUITY, rel=1e-3)
    assert benefits.percentiles.p90.value == pytest.approx(600 * ANNUITY)


@pytest.mark.parametrize("sampler", ["random", "latin_hypercube"])
def test_an_input_keeps_its_numbers_whatever_stands_beside_it(sampler: Sampler) -> None:
    alone = simulation(normal_model(), outputs=["npv"], seed=5, sampler=sampler)
    beside = normal_model()
    beside["inputs"] = {"a": an_input(distribution=NORMAL), **beside["inputs"]}
    beside["costs"] = [a_cost("outlay", initial="1000 + 0 * a")]
    together = simulation(beside, outputs=["npv"], seed=5, sampler=sampler)
    assert together.inputs == ("a", "x")
    assert described(together, "npv").percentiles == described(alone, "npv").percentiles


def test_the_order_of_inputs_changes_no_number() -> None:
    model = normal_model()
    model["inputs"]["b"] = an_input(distribution=NORMAL)
    model["drivers"] = [a_driver("d", "x * b")]
    turned = {**model, "inputs": dict(reversed(model["inputs"].items()))}
    one, other = (simulation(document, outputs=["npv"]) for document in (model, turned))
    assert one.outputs == other.outputs


def test_only_inputs_that_count_are_drawn() -> None:
    model = normal_model()
    model["inputs"]["idle"] = an_input(distribution=NORMAL)
    assert simulation(model).inputs == ("x",)


def test_scenarios_and_overrides_make_inputs_certain() -> None:
    model = normal_model(scenarios={"sure": {"label": "Sure", "inputs": {"x": 600}}})
    answer = simulation(model, scenario="sure", outputs=["npv"])
    assert described(answer, "npv").sd == pytest.approx(0, abs=1e-9)
    assert described(answer, "npv").mean.value == pytest.approx(600 * ANNUITY - 1000)
    assert [warning.pointer for warning in answer.warnings] == ["/model/inputs"]
    overridden = simulation(model, scenario="sure", inputs={"x": 700}, outputs=["npv"])
    assert described(overridden, "npv").mean.value == pytest.approx(700 * ANNUITY - 1000)


def test_the_convergence_record_doubles_up_to_all_draws() -> None:
    record = described(simulation(normal_model(), draws=1000, sampler="random"), "npv").convergence
    assert [checkpoint.draws for checkpoint in record] == [128, 256, 512, 1000]
    errors = [checkpoint.standard_error for checkpoint in record]
    expected = [100 * ANNUITY / math.sqrt(checkpoint.draws) for checkpoint in record]
    # Of eight replicates: a standard error by chance up to half or double.
    for error, theory in zip(errors, expected, strict=True):
        assert error is not None
        assert theory / 2.5 < error < theory * 2.5


def test_blocks_join_without_a_seam() -> None:
    """With random numbers, more draws only add to fewer."""
    short = simulation(normal_model(), draws=BLOCK + 1, sampler="random", outputs=["npv"])
    longer = simulation(normal_model(), draws=4 * BLOCK + 7, sampler="random", outputs=["npv"])
    checkpoints = {checkpoint.draws: checkpoint.mean for checkpoint in described(longer, "npv").convergence}
    known = {checkpoint.draws: checkpoint.mean for checkpoint in described(short, "npv").convergence}
    assert checkpoints[BLOCK] == pytest.approx(known[BLOCK], rel=1e-12)


def test_more_draws_than_fit_in_a_request_are_too_large() -> None:
    with pytest.raises(TooLarge, match="131073 draws"):
        simulation(normal_model(), draws=2**17 + 1)


def correlated(*pairs: tuple[str, str, float], difference: str = "x - y") -> dict[str, Any]:
    names = sorted({name for first, second, _ in pairs for name in (first, second)})
    return a_model(
        inputs={name: an_input(distribution=NORMAL) for name in names},
        drivers=[a_driver("d", difference)],
        correlations=[{"first": first, "second": second, "rank": rank} for first, second, rank in pairs],
        costs=[],
    )


@pytest.mark.parametrize("rank", [-0.9, -0.3, 0.5, 0.99])
def test_correlated_normal_inputs_differ_as_much_as_theory_says(rank: float) -> None:
    """Var(x - y) = 2 sd^2 (1 - r), r = 2 sin(pi rank / 6)."""
    answer = simulation(correlated(("x", "y", rank)), outputs=["pv_benefits"])
    assert answer.warnings == ()
    pearson = 2 * math.sin(math.pi * rank / 6)
    expected = 100 * ANNUITY * math.sqrt(2 * (1 - pearson))
    assert described(answer, "pv_benefits").sd == pytest.approx(expected, rel=0.005)


def test_correlations_that_contradict_each_other_are_repaired_and_told() -> None:
    answer = simulation(
        correlated(("x", "y", 0.9), ("y", "z", 0.9), ("x", "z", -0.9), difference="x + y + z")
    )
    assert {warning.pointer for warning in answer.warnings} == {"/model/correlations"}
    assert "x and y are drawn with 0.483 instead of 0.900" in answer.warnings[0].detail


def test_inputs_that_are_certain_or_unread_are_not_correlated() -> None:
    model = correlated(("x", "y", 0.9), ("y", "z", 0.9), ("x", "z", -0.9))
    assert simulation(model).warnings == ()
    assert simulation(model, inputs={"y": 1}).warnings == ()


def test_draws_with_several_irrs_are_told() -> None:
    """-1000, x, -2200: two rates where x^2 > 4 * 1000 * 2200, x above 2966.5: in 53.35 %; below none."""
    model = a_model(
        inputs={"x": an_input(distribution={"kind": "uniform", "low": 2500, "high": 3500})},
        drivers=[a_driver("d", "x", profile=[1, 0]), a_driver("e", "0 - 2200", profile=[0, 1, 0])],
    )
    answer = simulation(model, outputs=["irr"], draws=1024)
    irr = described(answer, "irr")
    assert irr.undefined == 1024
    several, none = (warning.detail.split("% of the draws have ") for warning in answer.warnings)
    assert float(several[0]) == pytest.approx(53.35, abs=0.5)
    assert several[1].startswith("several IRRs")
    assert float(several[0]) + float(none[0]) == pytest.approx(100, abs=0.011)
    assert none[1].startswith("no IRR")
    assert {warning.pointer for warning in answer.warnings} == {"/outputs"}


def test_draws_without_any_irr_are_told_with_their_share() -> None:
    """-1000 - 100 a year never changes its sign, in one draw of four; 800 a year has one rate."""
    law = {"kind": "discrete", "values": [-100, 800], "weights": [1, 3]}
    model = a_model(inputs={"x": an_input(distribution=law)}, drivers=[a_driver("d", "x")])
    answer = simulation(model, outputs=["irr"], draws=4096)
    irr = described(answer, "irr")
    assert irr.undefined == 1024
    assert irr.percentiles.p50.value == pytest.approx(0.6074, abs=5e-5)
    (warning,) = answer.warnings
    assert (warning.pointer, warning.detail[:6]) == ("/outputs", "25.00%")
    assert "no IRR" in warning.detail
    assert simulation(model, outputs=["npv"], draws=4096).warnings == (), "nobody asked for it"


def test_too_much_work_is_refused_like_too_many_draws() -> None:
    """40 formulas of 500 operations each, for 131,072 draws."""
    drivers = [a_driver(f"d{number}", f"x * {number + 2}" + " + x" * 490) for number in range(40)]
    with pytest.raises(TooLarge, match="operations"):
        simulation({**normal_model(), "drivers": drivers}, draws=2**17)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName):
        simulation(normal_model(), scenario="none")


def test_intervals_of_spread_samples_hold_what_they_promise() -> None:
    """E[a b c + d c] = 1 * 3 * 2 + 1 * 2; over 120 seeds, between 88 % and 99 % of 95 % intervals hold it."""
    laws: dict[str, Any] = {
        "a": {"kind": "uniform", "low": 0, "high": 2},
        "b": {"kind": "normal", "mean": 3, "sd": 1},
        "c": {"kind": "lognormal", "mean": 2, "sd": 1},
        "d": {"kind": "pert", "low": 0, "mode": 1, "high": 2},
    }
    model = a_model(
        horizon={"periods": 1, "period_length": "year"},
        discount_rate=0,
        inputs={name: an_input(distribution=law) for name, law in laws.items()},
        drivers=[a_driver("d", "a * b * c + d * c")],
        costs=[],
    )
    held = 0
    for seed in range(120):
        mean = described(simulation(model, draws=1024, seed=seed, outputs=["npv"]), "npv").mean
        assert mean.low is not None
        assert mean.high is not None
        held += mean.low <= 8 <= mean.high
    assert 0.88 <= held / 120 <= 0.99
