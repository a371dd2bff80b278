"""Exponential smoothing with additive errors, as state space models.

A state holds level l, slope b and the season s; with the error e of a forecast one step ahead:

    y(t)  = l + phi b + s(t - m) + e      b'    = phi b + beta e
    l'    = l + phi b + alpha e           s'(t) = s(t - m) + gamma e

A value that is missing brings no error: the state moves on without it. (R. J. Hyndman and G. Athanasopoulos,
Forecasting: principles and practice, 3rd ed., sections 8.5 to 8.7.) Given the smoothing parameters, errors
are linear in the starting state, which is therefore solved for by least squares; the parameters are searched
for. Our own, because statsmodels would bring SciPy and pandas into the service for this alone, and estimates
the starting state along with the rest by a general optimiser.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Parameter = Literal["alpha", "beta", "gamma", "phi"]

_LEAST_PHI, _MOST_PHI = 0.8, 0.98
# The first grid's points an axis, by the number of parameters; how often the best one's surroundings shrink.
_GRID = {1: 9, 2: 5, 3: 4, 4: 3}
_SHRINKINGS = 8
_MOVES = 24
# Keeps the least squares solvable where a starting state hardly matters; relative to its columns' size.
_RIDGE = 1e-12


@dataclass(frozen=True)
class Form:
    """Which parts a model has; `season` is its length, 0 without one."""

    trended: bool
    damped: bool
    season: int

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        found: list[Parameter] = ["alpha"]
        if self.trended:
            found.append("beta")
        if self.season:
            found.append("gamma")
        if self.damped:
            found.append("phi")
        return tuple(found)

    @property
    def starts(self) -> int:
        """Numbers in the starting state: a season's add up to nothing."""
        return 1 + self.trended + max(self.season - 1, 0)

    @property
    def estimated(self) -> int:
        """All that is estimated from the series, the errors' variance among it."""
        return len(self.parameters) + self.starts + 1


@dataclass(frozen=True)
class Fit:
    """A form fitted. `errors` are of the values that are there, `state` is that after the last of them:
    level, slope (0 without one), and the season from the next value on. `spread` is the inverse of the
    starting state's normal matrix, and `carried` how the final state depends on the starting state."""

    form: Form
    smoothing: Mapping[Parameter, float]
    errors: Numbers
    state: Numbers
    spread: Numbers
    carried: Numbers

    @property
    def squares(self) -> float:
        return float(self.errors @ self.errors)


def fit(series: Numbers, form: Form) -> Fit:
    """The parameters and the starting state with the least squared errors.

    `series` has NaN for missing values; its last one is there, and there are more than `form.estimated`.
    """
    points = len(form.parameters)
    axis = (np.arange(_GRID[points]) + 0.5) / _GRID[points]
    grid = np.array(list(itertools.product(axis, repeat=points)))
    step = 0.5 / _GRID[points]
    around = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=points)))
    best = grid[np.argmin(_squares(series, form, grid))]
    shrinkings = 0
    for _ in range(_MOVES):
        near = np.clip(best + step * around, 0.0, 1.0)
        found = near[np.argmin(_squares(series, form, near))]
        if np.array_equal(found, best):
            step, shrinkings = step / 2, shrinkings + 1
            if shrinkings == _SHRINKINGS:
                break
        best = found
    return _fitted(series, form, best)


def weights(form: Form, place: Numbers) -> dict[Parameter, Numbers]:
    """The smoothing parameters at places in the unit cube (a row each): 0 <= beta <= alpha <= 1 and gamma <=
    1 - alpha."""
    columns = dict(zip(form.parameters, place.T, strict=True))
    none = np.zeros(len(place))
    alpha = columns["alpha"]
    return {
        "alpha": alpha,
        "beta": columns.get("beta", none) * alpha,
        "gamma": columns.get("gamma", none) * (1 - alpha),
        "phi": _LEAST_PHI + columns["phi"] * (_MOST_PHI - _LEAST_PHI) if form.damped else none + form.trended,
    }


def step_weights(fitted: Fit, steps: int) -> Numbers:
    """How much of one error comes back 1, 2, … `steps` intervals later."""
    form, own = fitted.form, fitted.smoothing
    at = np.arange(1, steps + 1)
    found = np.full(steps, own["alpha"])
    if form.trended:
        found += own["beta"] * np.cumsum(own["phi"] ** at)
    if form.season:
        found += own["gamma"] * (at % form.season == 0)
    return found


def outlook(fitted: Fit, steps: int) -> Numbers:
    """What the next values are as a weighted sum of the state: a row a step."""
    form = fitted.form
    at = np.arange(1, steps + 1)
    rows = np.zeros((steps, 2 + form.season))
    rows[:, 0] = 1
    if form.trended:
        rows[:, 1] = np.cumsum(fitted.smoothing["phi"] ** at)
    if form.season:
        rows[at - 1, 2 + (at - 1) % form.season] = 1
    return rows


def _start(form: Form) -> Numbers:
    """Level, slope and season as they depend on (1, the numbers of the starting state)."""
    state = np.zeros((2 + form.season, 1 + form.starts))
    state[0, 1] = 1
    if form.trended:
        state[1, 2] = 1
    if form.season:
        first = 2 + form.trended
        state[2:-1, first:] = np.eye(form.season - 1)
        state[-1, first:] = -1
    return state


def _errors(series: Numbers, form: Form, place: Numbers) -> tuple[Numbers, Numbers]:
    """Errors and final states as they depend on (1, the starting state): for each place, a row a value."""
    own = {name: values[:, np.newaxis] for name, values in weights(form, place).items()}
    state = np.repeat(_start(form)[np.newaxis], len(place), axis=0)
    level, slope, season = state[:, 0], state[:, 1], state[:, 2:]
    errors = np.zeros((len(place), len(series), 1 + form.starts))
    for at, value in enumerate(series):
        slope *= own["phi"]
        level += slope
        if np.isnan(value):
            continue
        error = errors[:, at]
        np.negative(level, out=error)
        if form.season:
            error -= season[:, at % form.season]
            error[:, 0] += value
            season[:, at % form.season] += own["gamma"] * error
        else:
            error[:, 0] += value
        level += own["alpha"] * error
        slope += own["beta"] * error
    if form.season:
        season[:] = np.roll(season, -(len(series) % form.season), axis=1)
    return errors[:, ~np.isnan(series)], state


def _solved(errors: Numbers) -> tuple[Numbers, Numbers]:
    """The starting states of least squares, and the inverses of their normal matrices."""
    matrix, wanted = -errors[:, :, 1:], errors[:, :, 0]
    normal = np.swapaxes(matrix, 1, 2) @ matrix
    size = normal.trace(axis1=1, axis2=2)[:, np.newaxis, np.newaxis]
    inverse = np.linalg.inv(normal + _RIDGE * size * np.eye(normal.shape[1]))
    projected = np.einsum("kni,kn->ki", matrix, wanted)
    return np.einsum("kij,kj->ki", inverse, projected), inverse


def _squares(series: Numbers, form: Form, place: Numbers) -> Numbers:
    errors, _ = _errors(series, form, place)
    starts, _ = _solved(errors)
    left = errors[:, :, 0] + np.einsum("kni,ki->kn", errors[:, :, 1:], starts)
    squares: Numbers = np.einsum("kn,kn->k", left, left)
    return squares


def _fitted(series: Numbers, form: Form, place: Numbers) -> Fit:
    errors, states = _errors(series, form, place[np.newaxis])
    starts, spread = _solved(errors)
    known = np.concatenate(([1.0], starts[0]))
    values = weights(form, place[np.newaxis])
    return Fit(
        form=form,
        smoothing={name: float(each[0]) for name, each in values.items()},
        errors=errors[0] @ known,
        state=states[0] @ known,
        spread=spread[0],
        carried=states[0][:, 1:],
    )
