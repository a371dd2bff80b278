"""What the operations of the language do, on one number and on arrays of draws, in one table.

Everything is a float64; a truth value is 1 or 0, and whatever is not 0 is true. An operation without a finite
real result (1 / 0, log(-1), 1e308 * 10) gives NaN, which every operation passes on, save that `if`, `and` and
`or` drop the side they do not take. So nothing has to be evaluated lazily, and a draw that fails does not
disturb the others. NaN never leaves the engine: it becomes an error that names the operation, or a counted
draw.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.float64]

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Limit:
    """Arguments for which an operation has no real value at all: `complaint` tells people, who `expected`
    else."""

    outside: Callable[..., bool]
    complaint: str
    expected: str


_TOO_LARGE = Limit(lambda *_: True, "the result is too large", "a result below 1.8e308")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `scalar` may raise ArithmeticError or ValueError; `vector` may give NaN or infinity.

    `choosy` operations see NaN arguments and decide themselves; the others are not called with any at a
    point.
    """

    name: str
    arity: int
    scalar: Callable[..., float]
    vector: Callable[..., Any]
    limit: Limit = _TOO_LARGE
    choosy: bool = False

    def at_point(self, *arguments: float) -> float:
        """The value for one point, or NaN."""
        # Arguments are finite or NaN, and so is their sum, or infinite.
        if not self.choosy and math.isnan(sum(arguments)):
            return NAN
        try:
            result = self.scalar(*arguments)
        except (ArithmeticError, ValueError):
            return NAN
        return result if math.isfinite(result) else NAN

    def on_draws(self, *arguments: Draws | float) -> Draws:
        """The values for many draws, NaN where there is none. NumPy's floating point warnings must be off."""
        result: Draws = self.vector(*arguments)
        finite = np.isfinite(result)
        if not finite.all():
            result = np.where(finite, result, NAN)
        return result

    def objection(self, *arguments: float) -> Limit:
        """Why there is no finite result for these arguments."""
        return self.limit if self.limit.outside(*arguments) else _TOO_LARGE


def _if(condition: float, then: float, otherwise: float) -> float:
    if math.isnan(condition):
        return NAN
    return then if condition else otherwise


def _if_draws(condition: Draws, then: Draws, otherwise: Draws) -> Draws:
    chosen = np.where(condition != 0, then, otherwise)
    return np.where(np.isnan(condition), NAN, chosen)


def _and(left: float, right: float) -> float:
    if left == 0:
        return 0.0
    return NAN if math.isnan(left) or math.isnan(right) else float(right != 0)


def _and_draws(left: Draws, right: Draws) -> Draws:
    both = np.where(np.isnan(left) | np.isnan(right), NAN, np.not_equal(right, 0))
    return np.where(np.equal(left, 0), 0.0, both)


def _or(left: float, right: float) -> float:
    if left != 0 and not math.isnan(left):
        return 1.0
    return NAN if math.isnan(left) or math.isnan(right) else float(right != 0)


def _or_draws(left: Draws, right: Draws) -> Draws:
    either = np.where(np.isnan(left) | np.isnan(right), NAN, np.not_equal(right, 0))
    return np.where(np.not_equal(left, 0) & ~np.isnan(left), 1.0, either)


def _truth(compare: Callable[..., Any]) -> Callable[..., Draws]:
    """A comparison as 1 and 0. Comparing with NaN would be 0, so NaN is put back."""

    def compared(left: Draws | float, right: Draws | float) -> Draws:
        truth = np.asarray(compare(left, right), dtype=np.float64)
        missing = np.isnan(left) | np.isnan(right)
        return np.where(missing, NAN, truth) if missing.any() else truth

    return compared


def _comparison(name: str, scalar: Callable[..., Any], vector: Callable[..., Any]) -> Operation:
    return Operation(name, 2, lambda left, right: float(scalar(left, right)), _truth(vector))


_ZERO = Limit(lambda _, divisor: divisor == 0, "division by zero", "a divisor other than zero")
_NO_POWER = Limit(
    lambda base, exponent: (base == 0 and exponent < 0) or (base < 0 and not exponent.is_integer()),
    "zero to a negative power, or a fractional power of a negative number",
    "a positive base, or a whole exponent",
)
_NO_ROOT = Limit(
    lambda value: value < 0, "the square root of a negative number", "an argument that is not negative"
)
_NO_LOGARITHM = Limit(
    lambda value: value <= 0, "the logarithm of a number that is not positive", "a positive argument"
)

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation("add", 2, operator.add, np.add),
        Operation("subtract", 2, operator.sub, np.subtract),
        Operation("multiply", 2, operator.mul, np.multiply),
        Operation("divide", 2, operator.truediv, np.divide, _ZERO),
        Operation("modulo", 2, operator.mod, np.mod, _ZERO),
        Operation("power", 2, math.pow, np.power, _NO_POWER),
        Operation("negate", 1, operator.neg, np.negative),
        _comparison("less", operator.lt, np.less),
        _comparison("less_or_equal", operator.le, np.less_equal),
        _comparison("greater", operator.gt, np.greater),
        _comparison("greater_or_equal", operator.ge, np.greater_equal),
        _comparison("equal", operator.eq, np.equal),
        _comparison("not_equal", operator.ne, np.not_equal),
        Operation("and", 2, _and, _and_draws, choosy=True),
        Operation("or", 2, _or, _or_draws, choosy=True),
        Operation(
            "not",
            1,
            lambda value: float(value == 0),
            lambda value: np.where(np.isnan(value), NAN, value == 0),
        ),
        Operation("if", 3, _if, _if_draws, choosy=True),
        Operation("min", 2, min, np.minimum),
        Operation("max", 2, max, np.maximum),
        Operation(
            "clamp",
            3,
            lambda x, low, high: max(low, min(x, high)),
            lambda x, low, high: np.maximum(low, np.minimum(x, high)),
        ),
        Operation("abs", 1, abs, np.abs),
        Operation("round", 1, lambda value: float(round(value)), np.rint),
        Operation("floor", 1, lambda value: float(math.floor(value)), np.floor),
        Operation("ceil", 1, lambda value: float(math.ceil(value)), np.ceil),
        Operation("sqrt", 1, math.sqrt, np.sqrt, _NO_ROOT),
        Operation("exp", 1, math.exp, np.exp),
        Operation("ln", 1, math.log, np.log, _NO_LOGARITHM),
        Operation("log10", 1, math.log10, np.log10, _NO_LOGARITHM),
    )
}
