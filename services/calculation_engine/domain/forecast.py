"""Forecasts of a measured series: a request in, a forecast out.

Six forms are tried: without, with and with a damped trend, each without and with a season. The least AICc,
Akaike's criterion corrected for short series, decides (Hyndman and Athanasopoulos, Forecasting: principles
and practice, 3rd ed., section 8.6); a form is tried only where the criterion exists. An interval counts the
errors to come (section 8.7, with the weights of `step_weights`) and how uncertain the starting state is, by
Student's distribution; that the form and the smoothing parameters are estimated, too, it does not count.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.exponential_smoothing import Fit, Form, fit, outlook, step_weights
from services.calculation_engine.domain.sampling.beta import beta_probability
from services.schemas.forecast import Ahead, Candidate, Forecast, ForecastRequest, Pattern, Trend
from services.schemas.problem import FieldError

Numbers = NDArray[np.float64]

_LEVEL = Form(trended=False, damped=False, season=0)
# What the correction for short series asks for beyond the numbers that are estimated.
_SPARE = 2
NEEDED = _LEVEL.estimated + _SPARE
"""Fewer values than this have no forecast."""
# A season is looked for in what has seen each of its intervals at least so often.
_SEASONS = 2
# Errors below this share of the values' size are rounding.
_ROUNDING = 1e-9
_STEPS = 100


def forecast(request: ForecastRequest) -> Forecast:
    """Chooses a form and continues the series, from the last value that is there."""
    series = np.array([math.nan if value is None else value for value in request.series])
    present = np.flatnonzero(~np.isnan(series))
    if len(present) < NEEDED:
        return _too_few(request, len(present))
    # What is missing at either end is no part of the series; the steps ahead count from the given end.
    lag = len(series) - 1 - int(present[-1])
    series = series[present[0] : present[-1] + 1]
    centre, size = float(np.nanmean(series)), float(np.nanstd(series)) or 1.0
    scaled = (series - centre) / size
    floor = len(present) * (_ROUNDING * max(1.0, abs(centre) / size)) ** 2
    fits = [fit(scaled, form) for form in _forms(request, series)]
    ranked = sorted(((_aicc(each, floor), each) for each in fits), key=lambda pair: pair[0])
    chosen = ranked[0][1]
    exact = chosen.squares <= floor
    ahead = _ahead(chosen, request, lag) * size + np.array([centre, 0.0])
    return Forecast(
        outcome="forecast",
        points=len(present),
        needed=NEEDED,
        confidence=request.confidence,
        pattern=_pattern(chosen, centre, size, lag),
        forecast=tuple(
            Ahead(step=step, value=value, low=value - margin, high=value + margin)
            for step, (value, margin) in enumerate(ahead.tolist(), start=1)
        ),
        candidates=tuple(
            Candidate(
                trend=_trend(each.form),
                seasonal=bool(each.form.season),
                parameters=each.form.estimated,
                aicc=criterion + 2 * len(present) * math.log(size),
            )
            for criterion, each in ranked
        ),
        warnings=tuple(_warnings(request, series, exact=exact)),
    )


def _too_few(request: ForecastRequest, points: int) -> Forecast:
    return Forecast(
        outcome="too_few_points",
        points=points,
        needed=NEEDED,
        confidence=request.confidence,
        pattern=None,
        forecast=(),
        candidates=(),
        warnings=(),
    )


def _forms(request: ForecastRequest, series: Numbers) -> Iterator[Form]:
    seasons = [0]
    if request.season_length is not None and _seen(series, request.season_length) >= _SEASONS:
        seasons.append(request.season_length)
    points = np.count_nonzero(~np.isnan(series))
    for season in seasons:
        for trended, damped in ((False, False), (True, False), (True, True)):
            form = Form(trended, damped, season)
            if points >= form.estimated + _SPARE:
                yield form


def _seen(series: Numbers, season: int) -> int:
    """How often the least seen interval of a season is there."""
    present = ~np.isnan(series)
    return min(int(np.count_nonzero(present[at::season])) for at in range(season))


def _aicc(fitted: Fit, floor: float) -> float:
    """n ln(SSE / n) + 2 k + 2 k (k + 1) / (n - k - 1), with k numbers estimated from n values."""
    n, k = len(fitted.errors), fitted.form.estimated
    return n * math.log(max(fitted.squares, floor) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)


def _ahead(fitted: Fit, request: ForecastRequest, lag: int) -> Numbers:
    """Value and margin, a row a step."""
    steps = lag + request.steps
    degrees = len(fitted.errors) - fitted.form.estimated + 1
    rows = outlook(fitted, steps)
    later = np.concatenate(([0.0], np.cumsum(step_weights(fitted, steps)[:-1] ** 2)))
    of_start = rows @ fitted.carried
    spread = 1 + later + np.einsum("hi,ij,hj->h", of_start, fitted.spread, of_start)
    deviation = np.sqrt(fitted.squares / degrees * spread)
    margins = student_quantile(request.confidence, degrees) * deviation
    return np.column_stack((rows @ fitted.state, margins))[lag:]


@lru_cache(maxsize=512)
def student_quantile(confidence: float, degrees: int) -> float:
    """Between minus and plus which value Student's distribution lies with this probability.

    P(|T| > t) is the beta probability of degrees / (degrees + t^2) with exponents degrees / 2 and 1 / 2
    (Press et al., Numerical Recipes, 3rd ed., section 6.14); found by halving.
    """
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if beta_probability(middle, degrees / 2, 0.5) < 1 - confidence:
            low = middle
        else:
            high = middle
    return math.sqrt(degrees * (1 - high) / high)


def _pattern(fitted: Fit, centre: float, size: float, lag: int) -> Pattern:
    form, smoothing = fitted.form, fitted.smoothing
    level, slope, *season = (fitted.state * size).tolist()
    moved = lag % form.season if form.season else 0
    degrees = len(fitted.errors) - form.estimated + 1
    return Pattern(
        trend=_trend(form),
        seasonal=bool(form.season),
        level=level + centre,
        slope=slope if form.trended else None,
        season=tuple(season[moved:] + season[:moved]),
        smoothing={name: smoothing[name] for name in form.parameters},
        sd=math.sqrt(fitted.squares / degrees) * size,
    )


def _trend(form: Form) -> Trend:
    if form.damped:
        return "damped"
    return "additive" if form.trended else "none"


def _warnings(request: ForecastRequest, series: Numbers, *, exact: bool) -> Iterator[FieldError]:
    if exact:
        detail = "the series fits without an error: its intervals have no width, and tell nothing"
        yield FieldError(pointer="/series", detail=detail)
    season = request.season_length
    if season is None:
        return
    wanted = Form(trended=False, damped=False, season=season).estimated + _SPARE
    if _seen(series, season) < _SEASONS or np.count_nonzero(~np.isnan(series)) < wanted:
        yield FieldError(
            pointer="/season_length",
            detail=f"no season was looked for: that takes at least {wanted} values, and {_SEASONS} of each "
            "of the season's intervals",
        )
