"""Forecasts of series whose continuation is known, and how often intervals hold what comes."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import Generator
from numpy.typing import NDArray

from services.calculation_engine.domain.forecast import NEEDED, forecast, student_quantile
from services.schemas.forecast import Forecast, ForecastRequest

Numbers = NDArray[np.float64]
Source = Callable[[Generator, int], Numbers]


def forecasted(series: Sequence[float | None] | Numbers, **fields: Any) -> Forecast:
    values = [None if value is None or math.isnan(value) else float(value) for value in series]
    return forecast(ForecastRequest.model_validate({"series": values, **fields}))


def values(found: Forecast) -> list[float]:
    return [ahead.value for ahead in found.forecast]


def test_a_straight_line_goes_on_and_says_that_it_fits_too_well() -> None:
    found = forecasted([10 + 3 * at for at in range(12)], steps=4)
    assert found.pattern is not None
    assert found.pattern.trend == "additive"
    assert found.pattern.slope == pytest.approx(3)
    assert found.pattern.level == pytest.approx(43)
    assert values(found) == pytest.approx([46, 49, 52, 55])
    assert [warning.pointer for warning in found.warnings] == ["/series"]


def test_a_constant_needs_no_trend() -> None:
    found = forecasted([7.0] * 10, steps=2)
    assert found.pattern is not None
    assert found.pattern.trend == "none"
    assert values(found) == pytest.approx([7, 7])


def test_a_season_returns() -> None:
    season = [5, -1, -4, 0]
    series = [100 + 0.5 * at + season[at % 4] for at in range(24)]
    found = forecasted(series, steps=6, season_length=4)
    assert found.pattern is not None
    assert found.pattern.seasonal
    assert values(found) == pytest.approx([100 + 0.5 * at + season[at % 4] for at in range(24, 30)])
    assert found.pattern.season == pytest.approx(season, abs=1e-6)
    assert forecasted(series, steps=6).pattern != found.pattern


def test_a_season_is_told_from_where_the_series_ends_even_if_its_end_is_missing() -> None:
    season = [5, -1, -4, 0]
    series = [season[at % 4] + 0.01 * (at % 3) for at in range(23)]
    found = forecasted([*series, None, None], steps=3, season_length=4)
    assert found.pattern is not None
    # Interval 25 is the second of its season.
    assert found.pattern.season == pytest.approx([-1, -4, 0, 5], abs=0.1)
    assert values(found) == pytest.approx([-1, -4, 0], abs=0.1)


def test_gaps_are_no_values() -> None:
    whole: list[float | None] = [10.0 + 3 * at for at in range(20)]
    holed = list(whole)
    for at in (3, 4, 11, 18, 19):
        holed[at] = None
    found = forecasted(holed, steps=2)
    assert found.points == 15
    assert values(found) == pytest.approx([70, 73])
    assert values(forecasted([None, None, *holed], steps=2)) == pytest.approx([70, 73])


def test_a_missing_end_widens_what_comes() -> None:
    walk = np.cumsum(np.random.default_rng(3).standard_normal(40))
    near, far = forecasted(walk, steps=6), forecasted([*walk, None, None, None], steps=3)
    assert values(far) == pytest.approx(values(near)[3:])
    assert [each.low for each in far.forecast] == pytest.approx([each.low for each in near.forecast[3:]])


@pytest.mark.parametrize("points", range(NEEDED))
def test_too_few_points_have_no_forecast(points: int) -> None:
    found = forecasted([None, *range(points), None, None])
    assert (found.outcome, found.points, found.needed) == ("too_few_points", points, NEEDED)
    assert (found.pattern, found.forecast, found.candidates) == (None, (), ())


def test_few_points_have_the_simplest_forecast_and_a_wide_interval() -> None:
    found = forecasted([4, 6, 5, 7, 5], season_length=4)
    assert [(each.trend, each.seasonal) for each in found.candidates] == [("none", False)]
    assert found.forecast[0].high - found.forecast[0].low > 4
    assert [warning.pointer for warning in found.warnings] == ["/season_length"]


def test_the_chosen_form_has_the_least_criterion() -> None:
    series = 50 + 4 * np.random.default_rng(1).standard_normal(48)
    found = forecasted(series, season_length=12)
    criteria = [each.aicc for each in found.candidates]
    assert criteria == sorted(criteria)
    assert len(criteria) == 6
    assert found.pattern is not None
    assert not found.pattern.seasonal
    assert [each.parameters for each in sorted(found.candidates, key=lambda each: each.parameters)] == [
        3,
        5,
        6,
        15,
        17,
        18,
    ]


def test_the_criterion_is_akaike_s() -> None:
    """Of independent values about a mean, which the best level never learns from: alpha = 0."""
    series = np.array([3.0, -1, 2, -3, 1, -2, 3, -3, 1, -1])
    found = forecasted(series)
    simple = next(each for each in found.candidates if each.trend == "none")
    off = series - series.mean()
    assert found.pattern is not None
    assert found.pattern.smoothing["alpha"] == 0
    wanted = 10 * math.log(float(off @ off) / 10) + 2 * 3 + 2 * 3 * 4 / (10 - 3 - 1)
    assert simple.aicc == pytest.approx(wanted)
    # The next value's interval: Student's, with the mean's own error and two numbers estimated.
    sd = math.sqrt(float(off @ off) / 8)
    margin = student_quantile(0.9, 8) * sd * math.sqrt(1 + 1 / 10)
    assert found.forecast[0].high - found.forecast[0].value == pytest.approx(margin)


@pytest.mark.parametrize(
    ("confidence", "degrees", "quantile"),
    [(0.95, 7, 2.36462), (0.95, 3, 3.18245), (0.9, 10, 1.81246), (0.99, 30, 2.75), (0.95, 10**5, 1.95998)],
)
def test_student_s_quantiles_as_tables_print_them(confidence: float, degrees: int, quantile: float) -> None:
    assert student_quantile(confidence, degrees) == pytest.approx(quantile, abs=5e-5)


_series = st.lists(st.floats(-100, 100).map(lambda value: round(value, 2)), min_size=6, max_size=30)


@settings(max_examples=30)
@given(_series, st.integers(-20, 20))
def test_another_unit_changes_the_unit_alone(series: list[float], power: int) -> None:
    factor = 2.0**power
    one, other = forecasted(series), forecasted([value * factor for value in series])
    size = 1e-9 * max(1.0, *map(abs, series))
    assert values(other) == pytest.approx([value * factor for value in values(one)], abs=size * factor)
    assert [each.low for each in other.forecast] == pytest.approx(
        [each.low * factor for each in one.forecast], abs=size * factor, rel=1e-6
    )


@settings(max_examples=30)
@given(_series)
def test_intervals_are_about_the_value_and_wider_with_more_confidence(series: list[float]) -> None:
    wide, narrow = forecasted(series, confidence=0.95), forecasted(series, confidence=0.6)
    for outer, inner in zip(wide.forecast, narrow.forecast, strict=True):
        assert outer.low <= inner.low <= inner.value <= inner.high <= outer.high


def _level(chance: Generator, size: int) -> Numbers:
    return 100 + 5 * chance.standard_normal(size)


def _line(chance: Generator, size: int) -> Numbers:
    return 100 - 1.5 * np.arange(size) + 5 * chance.standard_normal(size)


def _walk(chance: Generator, size: int) -> Numbers:
    walked: Numbers = np.cumsum(chance.standard_normal(size))
    return walked


def _season(chance: Generator, size: int) -> Numbers:
    at = np.arange(size)
    expected: Numbers = 50 + 10 * np.sin(at * np.pi / 2) + 0.3 * at
    return expected + 2 * chance.standard_normal(size)


def test_intervals_hold_what_comes_as_often_as_they_say() -> None:
    """Of 80 series of four kinds, half of them with gaps, each continued by six intervals: within what as
    many independent hits vary by, and the few per cent that estimating the form costs."""
    kinds: list[Source] = [_level, _line, _walk, _season]
    held = 0
    for seed in range(80):
        chance = np.random.default_rng(seed)
        series = kinds[seed % 4](chance, 34)
        missing = chance.random(28) < 0.3 * (seed % 8 < 4)
        past = np.where(missing, np.nan, series[:28])
        found = forecasted(past, steps=6, season_length=4, confidence=0.7)
        held += sum(
            each.low <= came <= each.high for each, came in zip(found.forecast, series[28:], strict=True)
        )
    margin = 2.6 * math.sqrt(0.7 * 0.3 / 80)
    assert 0.7 - margin - 0.05 <= held / (6 * 80) <= 0.7 + margin
