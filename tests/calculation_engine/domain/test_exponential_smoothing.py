"""Exponential smoothing against its own recursion, followed by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.calculation_engine.domain.exponential_smoothing import Fit, Form, fit, outlook, step_weights

Numbers = NDArray[np.float64]

FORMS = [
    Form(trended, damped, season)
    for season in (0, 4)
    for trended, damped in ((False, False), (True, False), (True, True))
]
SERIES = np.array([3.0, 5, 4, 8, 7, 9, 8, 13, 11, 12, 12, 17, 14, 17, 15, 22])


def followed(series: Numbers, fitted: Fit, start: Numbers) -> tuple[Numbers, Numbers]:
    """The errors and the final state from a starting state, one value after another."""
    own = fitted.smoothing
    level, slope, *season = start.tolist()
    errors = []
    for value in series:
        carried = own["phi"] * slope
        error = value - level - carried - (season[0] if season else 0)
        if np.isnan(error):
            error = 0.0
        else:
            errors.append(error)
        level, slope = level + carried + own["alpha"] * error, carried + own["beta"] * error
        if season:
            season = [*season[1:], season[0] + own["gamma"] * error]
    return np.array(errors), np.array([level, slope, *season])


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_comes_is_what_the_recursion_expects(form: Form) -> None:
    fitted = fit(SERIES, form)
    expected = outlook(fitted, 9) @ fitted.state
    errors, _ = followed(expected, fitted, fitted.state)
    assert errors == pytest.approx(np.zeros(9), abs=1e-9)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_an_error_comes_back_by_its_weights(form: Form) -> None:
    fitted = fit(SERIES, form)
    plain = outlook(fitted, 10) @ fitted.state
    _, moved = followed(plain[:1] + 1, fitted, fitted.state)
    later = outlook(fitted, 9) @ moved - plain[1:]
    assert later == pytest.approx(step_weights(fitted, 9), abs=1e-9)


@settings(max_examples=40)
@given(st.sampled_from(FORMS), st.lists(st.floats(-5, 25), min_size=6, max_size=6))
def test_no_other_start_fits_better(form: Form, start: list[float]) -> None:
    """With the smoothing that was found, least squares have no better starting state."""
    fitted = fit(SERIES, form)
    season = np.array(start[2:]) - np.mean(start[2:])
    state = np.array([start[0], start[1] if form.trended else 0, *(season if form.season else [])])
    errors, _ = followed(SERIES, fitted, state)
    assert float(errors @ errors) >= fitted.squares - 1e-6


def test_a_gap_s_errors_are_left_out() -> None:
    holed = SERIES.copy()
    holed[[4, 5, 9]] = np.nan
    fitted = fit(holed, FORMS[1])
    assert len(fitted.errors) == 13
