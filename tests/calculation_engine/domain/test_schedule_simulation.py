"""Schedule simulations against what can be computed: chains, ties, and published PERT calculations."""

import math
from typing import Any

import pytest
from hypothesis import given, settings

from services.calculation_engine.domain import schedule_simulation
from services.calculation_engine.domain.bounds import INLINE, Bounds
from services.calculation_engine.domain.errors import TooLarge, UnsuitableSampler
from services.calculation_engine.domain.schedule_simulation import simulate_schedule
from services.schemas.network import Network
from services.schemas.schedule_simulation import ScheduleSimulation, ScheduleSimulationRequest
from services.schemas.simulation import Estimate
from tests.calculation_engine.networks import Json, an_activity, random_networks
from tests.golden import case


def simulated(*activities: Json, bounds: Bounds = INLINE, **fields: Any) -> ScheduleSimulation:
    request = {"network": {"activities": list(activities)}, "draws": 8192, **fields}
    return simulate_schedule(ScheduleSimulationRequest.model_validate(request), bounds)


def holds(estimate: Estimate, value: float, *, margin: float = 0.0) -> bool:
    """Whether the interval, made wider by a margin, holds the value."""
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low - margin <= value <= estimate.high + margin


def test_a_chain_s_duration_is_the_sum_of_its_activities() -> None:
    """Its mean and variance are known, and so are the correlations with its parts."""
    points = {"a": (2.0, 4.0, 9.0), "b": (1.0, 5.0, 6.0), "c": (10.0, 10.0, 30.0)}
    found = simulated(
        an_activity("a", points["a"]), an_activity("b", points["b"], "a"), an_activity("c", points["c"], "b")
    )
    means = {key: (a + 4 * m + b) / 6 for key, (a, m, b) in points.items()}
    # A PERT distribution of shape 4 has the variance (mean - a) (b - mean) / 7.
    variances = {key: (means[key] - a) * (b - means[key]) / 7 for key, (a, _, b) in points.items()}
    sd = math.sqrt(sum(variances.values()))
    assert holds(found.completion.mean, sum(means.values()), margin=1e-3)
    assert found.completion.sd == pytest.approx(sd, rel=0.01)
    for each in found.activities:
        assert each.expected == pytest.approx(means[each.key])
        assert each.criticality.value == 1
        assert each.cruciality.value == pytest.approx(math.sqrt(variances[each.key]) / sd, abs=0.01)


def test_triangular_estimates() -> None:
    a, m, b = 2.0, 4.0, 9.0
    found = simulated(an_activity("a", (a, m, b)), law="triangular")
    assert holds(found.completion.mean, (a + m + b) / 3, margin=1e-3)
    variance = (a * a + m * m + b * b - a * m - a * b - m * b) / 18
    assert found.completion.sd == pytest.approx(math.sqrt(variance), rel=0.01)


def test_alike_activities_side_by_side_are_critical_half_of_the_time() -> None:
    points = (5.0, 10.0, 15.0)
    found = simulated(an_activity("a", points), an_activity("b", points), law="triangular", draws=16_384)
    for each in found.activities:
        assert holds(each.criticality, 0.5, margin=0.005)
    # Their maximum is later than either one is expected: 5 + 10 E[max of two triangular on (0, 1)].
    assert found.completion.mean.value == pytest.approx(5 + 10 * (0.5 + 7 / 60), abs=0.02)
    assert found.pert.duration == 10


def test_an_activity_that_never_matters_has_no_criticality_and_no_cruciality() -> None:
    found = simulated(an_activity("long", (20, 25, 30)), an_activity("short", (1, 2, 3)))
    _, short = found.activities
    assert short.criticality.value == 0
    assert short.cruciality.value == pytest.approx(0, abs=0.01)


def test_deadlines_and_the_planned_end() -> None:
    found = simulated(
        an_activity("a", (0, 5, 10), duration=6), law="triangular", deadlines=[0, 2.5, 5, 10], draws=16_384
    )
    wanted = [0, 0.125, 0.5, 1]
    for each, probability in zip(found.deadlines, wanted, strict=True):
        assert each.probability.value == pytest.approx(probability, abs=0.002)
    assert found.planned_end_met.value == pytest.approx(1 - 0.4**2 * 2, abs=0.002)
    median = found.completion.percentiles.p50.value
    assert median == pytest.approx(5, abs=0.01)


def test_without_estimates_all_draws_are_the_schedule() -> None:
    """A deadline of 0.3 is met by 0.1 and 0.2, whatever their sum is in binary."""
    found = simulated(
        {"key": "a", "duration": 0.1},
        {"key": "b", "duration": 0.2, "links": [{"predecessor": "a"}]},
        deadlines=[0.3, 0.29],
    )
    assert found.completion.mean.value == pytest.approx(0.3)
    assert [each.probability.value for each in found.deadlines] == [1, 0]
    assert [each.by_pert for each in found.deadlines] == [1, 0]
    assert [each.criticality.value for each in found.activities] == [1, 1]
    assert all(each.cruciality.value is None for each in found.activities)
    assert [warning.pointer for warning in found.warnings] == ["/network/activities"]


def test_three_points_alike_are_certain_whatever_is_planned() -> None:
    found = simulated(an_activity("a", (4, 4, 4), duration=3))
    assert found.planned.duration == 3
    assert found.completion.mean.value == 4


def test_the_same_seed_gives_the_same_answer_in_any_order_of_the_document() -> None:
    activities = [
        an_activity("a", (1, 2, 5)),
        an_activity("b", (1, 3, 4), "a"),
        an_activity("c", (2, 2, 6), "a"),
    ]
    one, other = simulated(*activities, seed=5), simulated(*reversed(activities), seed=5)
    assert one.completion == other.completion
    assert one.activities == tuple(reversed(other.activities))
    assert simulated(*activities, seed=6).completion != one.completion


@pytest.mark.parametrize("strip", [8, 128, 2048])
def test_how_many_draws_are_scheduled_together_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, strip: int
) -> None:
    """Sums are added in another order, and may differ in their last digits."""
    activities = [an_activity("a", (1, 2, 5)), an_activity("b", (1, 3, 4)), an_activity("c", (2, 2, 6), "a")]
    usual = simulated(*activities, draws=3000)
    monkeypatch.setattr(schedule_simulation, "STRIP", strip)
    other = simulated(*activities, draws=3000)
    assert other.completion == usual.completion
    for one, same in zip(other.activities, usual.activities, strict=True):
        assert one.criticality == same.criticality
        assert one.cruciality.model_dump() == pytest.approx(same.cruciality.model_dump(), abs=1e-9)


@pytest.mark.parametrize("sampler", ["random", "latin_hypercube", "sobol"])
def test_every_sampler(sampler: str) -> None:
    found = simulated(an_activity("a", (1, 2, 5)), sampler=sampler, draws=3001)
    assert found.sampler == sampler
    assert sum(found.completion.histogram.counts) + found.completion.histogram.below == pytest.approx(
        3001, abs=30
    )
    assert holds(found.completion.mean, 14 / 6, margin=0.02)


def test_more_uncertain_activities_than_sobol_has_dimensions() -> None:
    many = [an_activity(f"a{index}", (1, 2, 3)) for index in range(513)]
    assert simulated(*many, draws=100).sampler == "latin_hypercube"
    with pytest.raises(UnsuitableSampler):
        simulated(*many, draws=100, sampler="sobol")


def test_too_much_work_for_a_request() -> None:
    few = Bounds(scheduled=2 * 8192)
    one, other = an_activity("a", (1, 2, 3)), an_activity("b", (1, 2, 3))
    assert simulated(one, other, bounds=few).draws == 8192
    with pytest.raises(TooLarge):
        simulated(one, an_activity("b", (1, 2, 3), "a"), bounds=few)


@settings(max_examples=25)
@given(random_networks())
def test_laws_of_any_network(network: Network) -> None:
    """Percentiles ascend; the end lies between those of all best and all worst durations for links that keep
    the finish; some activity is critical in every draw."""
    found = simulate_schedule(ScheduleSimulationRequest(network=network, draws=400, deadlines=(0.0, 1e6)))
    percentiles = [each["value"] for each in found.completion.percentiles.model_dump().values()]
    assert percentiles == sorted(percentiles)
    assert sum(each.criticality.value or 0 for each in found.activities) >= 1 - 1e-12
    for each in found.activities:
        assert each.cruciality.value is None or 0 <= each.cruciality.value <= 1
    assert found.deadlines[1].probability.value == 1
    mean = found.completion.mean.value
    assert mean is not None
    assert percentiles[0] <= mean + 1e-9
    # Merge bias (Jensen): a maximum's mean is not below the maximum of means.
    assert mean >= found.pert.duration - 0.2 * (found.completion.sd or 0) - 1e-9


def test_a_published_pert_network() -> None:
    published = case("cpm", "pert-prime-cpm")
    expected = published["expected"]
    found = simulated(
        *(
            an_activity(each["id"].lower(), (each["a"], each["m"], each["b"]), *_lower(each["predecessors"]))
            for each in published["inputs"]["activities"]
        )
    )
    for each in found.activities:
        assert [each.expected, each.variance] == pytest.approx(
            expected["table"][each.key.upper()], abs=expected["table_tolerance"]
        )
    assert [key.upper() for key in found.pert.critical_path] == expected["critical_path"]
    assert found.pert.duration == pytest.approx(expected["project_duration"]["value"])
    assert found.pert.variance == pytest.approx(expected["project_variance"]["value"], abs=1e-9)


def test_a_published_probability_by_a_deadline() -> None:
    """Only the critical path of this network is printed; the others stand beside it."""
    published = case("cpm", "pert-taylor-flylib")
    expected = published["expected"]
    path = expected["critical_path"]
    before = dict(zip(path[1:], path, strict=False))
    found = simulated(
        *(
            an_activity(
                f"n{each['id']}",
                (each["a"], each["m"], each["b"]),
                *([f"n{before[each['id']]}"] if each["id"] in before else []),
            )
            for each in published["inputs"]["activities"]
        ),
        deadlines=[28],
    )
    assert [key[1:] for key in found.pert.critical_path] == path
    assert found.pert.duration == pytest.approx(expected["project_duration"]["value"])
    assert found.pert.variance == pytest.approx(expected["project_variance"]["value"], abs=1e-9)
    wanted = expected["probability_by_28"]
    assert found.deadlines[0].by_pert == pytest.approx(wanted["value"], abs=wanted["tolerance"])


def test_pert_s_variance_goes_along_the_links() -> None:
    """Of two critical paths the more uncertain one; behind a start-to-start link the start alone counts, and
    where a finish is held, the activity's own duration does not."""
    tied = simulated(
        an_activity("sure", (9, 10, 11)),
        an_activity("unsure", (5, 10, 15)),
        an_activity("end", (0, 0, 0), "sure", "unsure"),
    )
    assert tied.pert.critical_path == ("unsure", "end")
    assert tied.pert.variance == pytest.approx((10 / 6) ** 2)
    overlapped = simulated(
        an_activity("first", (2, 3, 4)),
        an_activity("second", (8, 10, 12), links=[{"predecessor": "first", "kind": "SS", "lag": 1}]),
    )
    assert overlapped.pert.variance == pytest.approx((4 / 6) ** 2)
    held = simulated(
        an_activity("first", (6, 9, 12)),
        an_activity("second", (1, 2, 3), links=[{"predecessor": "first", "kind": "FF", "lag": 1}]),
    )
    assert held.pert.duration == 10
    assert held.pert.variance == pytest.approx(1)


def _lower(names: list[str]) -> list[str]:
    return [name.lower() for name in names]
