"""Forecasts of a measured series: what is asked and what is answered."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from services.schemas.base import Document, Finite
from services.schemas.problem import FieldError

Trend = Literal["none", "additive", "damped"]
Outcome = Literal["forecast", "too_few_points"]
Measured = Annotated[Finite, Field(ge=-1e15, le=1e15)]

_EXAMPLE: dict[str, Any] = {
    # Minutes to handle a ticket, month by month: falling, with one month that was not measured.
    "series": [
        *(12.1, 11.9, 11.6, 11.7, 11.2, 11.0, None, 10.9, 10.4, 10.3, 10.4, 9.9),
        *(9.8, 9.5, 9.6, 9.2, 9.0, 8.9, 8.7, 8.8),
    ],
    "steps": 6,
    "season_length": 12,
}


class ForecastRequest(Document):
    """Continue a series that was measured at even intervals, oldest first; null where nothing was measured.

    `season_length` is the number of intervals after which a season would return: 12 for months, 4 for
    quarters, 52 for weeks; without it none is looked for. `confidence` is the probability that an interval is
    to hold the value.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    series: Annotated[tuple[Measured | None, ...], Field(strict=False, min_length=1, max_length=400)]
    steps: int = Field(default=6, ge=1, le=120)
    season_length: Annotated[int, Field(ge=2, le=53)] | None = None
    confidence: Annotated[Finite, Field(ge=0.5, le=0.99)] = 0.9


class Ahead(Document):
    """One interval ahead: the expected value, and between which ends the value is expected."""

    step: int
    value: Finite
    low: Finite
    high: Finite


class Candidate(Document):
    """A form that was tried. The least `aicc` is the best: how well the form fits, less a penalty for each of
    the `parameters` estimated for it."""

    trend: Trend
    seasonal: bool
    parameters: int
    aicc: Finite


class Pattern(Document):
    """What the series looks like at its end.

    `level` is its smoothed value, `slope` what the trend adds an interval (null without one), `season` what
    each of the coming intervals of a season adds or takes away (empty without one). `smoothing` holds the
    weights from 0 (never learns) to 1 (forgets at once): `alpha` of the level, `beta` of the trend, `gamma`
    of the season, and by how much a `damped` trend shrinks an interval, `phi`. `sd` is that of a forecast one
    interval ahead.
    """

    trend: Trend
    seasonal: bool
    level: Finite
    slope: Finite | None
    season: Annotated[tuple[Finite, ...], Field(strict=False)]
    smoothing: dict[Literal["alpha", "beta", "gamma", "phi"], Finite]
    sd: Finite


class Forecast(Document):
    """The continuation, or `too_few_points`: there are `points` measured values and at least `needed` are
    wanted; the rest is then null or empty. `candidates` stand in the order of their AICc, the chosen first.
    """

    outcome: Outcome
    points: int
    needed: int
    confidence: Finite
    pattern: Pattern | None
    forecast: Annotated[tuple[Ahead, ...], Field(strict=False)]
    candidates: Annotated[tuple[Candidate, ...], Field(strict=False)]
    warnings: Annotated[tuple[FieldError, ...], Field(strict=False)]
