"""What an uncertain input may be distributed as: one document a kind, told apart by `kind`.

The bounds `low` and `high` are the ends of the support, not percentiles. A `sd` is the population's.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import Document, Finite

Positive = Annotated[Finite, Field(gt=0)]
Exponent = Annotated[Finite, Field(ge=0.1, le=100)]
Weight = Annotated[Finite, Field(ge=0, le=1e15)]


class Fixed(Document):
    """Always the same value."""

    kind: Literal["fixed"]
    value: Finite


class Uniform(Document):
    """Every value between `low` and `high` alike."""

    kind: Literal["uniform"]
    low: Finite
    high: Finite

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _check_order(self.low, self.high)
        return self


class Triangular(Document):
    """Density rising in a straight line from `low` to `mode` and falling to `high`."""

    kind: Literal["triangular"]
    low: Finite
    mode: Finite
    high: Finite

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _check_mode(self.low, self.mode, self.high)
        return self


class Pert(Document):
    """A beta distribution scaled to [low, high] with mean (low + shape * mode + high) / (shape + 2).

    Its exponents are alpha = 1 + shape (mode - low) / (high - low) and beta = 1 + shape (high - mode) / (high
    - low); `shape` 4 is the classic PERT, more is narrower. (D. Vose, Risk Analysis, "modified PERT".)
    """

    kind: Literal["pert"]
    low: Finite
    mode: Finite
    high: Finite
    shape: Annotated[Finite, Field(gt=0, le=100)] = 4.0

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _check_mode(self.low, self.mode, self.high)
        return self


class Normal(Document):
    """The normal distribution."""

    kind: Literal["normal"]
    mean: Finite
    sd: Positive


class Lognormal(Document):
    """A value whose logarithm is normal: given by its own `mean` and `sd` (not the logarithm's), or by the
    values `p10` and `p90` that it stays below with 10 % and 90 % probability."""

    kind: Literal["lognormal"]
    mean: Positive | None = None
    sd: Positive | None = None
    p10: Positive | None = None
    p90: Positive | None = None

    @model_validator(mode="after")
    def _one_pair(self) -> Self:
        given = {name for name in ("mean", "sd", "p10", "p90") if getattr(self, name) is not None}
        if given not in ({"mean", "sd"}, {"p10", "p90"}):
            raise PydanticCustomError("one_pair", "give either mean and sd, or p10 and p90")
        if self.p10 is not None and self.p90 is not None and not self.p10 < self.p90:
            raise PydanticCustomError("bounds", "p10 must be less than p90")
        return self


class Beta(Document):
    """The beta distribution with exponents `a` (at `low`) and `b` (at `high`), scaled to [low, high].

    An exponent below 1 makes the values at its end the likeliest.
    """

    kind: Literal["beta"]
    a: Exponent
    b: Exponent
    low: Finite = 0.0
    high: Finite = 1.0

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        _check_order(self.low, self.high)
        return self


class Discrete(Document):
    """One of `values`, each as likely as its weight is of the weights' sum."""

    kind: Literal["discrete"]
    values: Annotated[tuple[Finite, ...], Field(strict=False, min_length=1, max_length=1000)]
    weights: Annotated[tuple[Weight, ...], Field(strict=False, min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        if len(self.values) != len(self.weights):
            raise PydanticCustomError("weights", "as many weights as values are expected")
        if not any(self.weights):
            raise PydanticCustomError("weights", "a weight above 0 is expected")
        return self


class Bernoulli(Document):
    """An event that happens with `probability`: then the input is `value`, else 0."""

    kind: Literal["bernoulli"]
    probability: Annotated[Finite, Field(ge=0, le=1)]
    value: Finite = 1.0


class Empirical(Document):
    """One of the `observations`, all alike; a value seen twice is twice as likely."""

    kind: Literal["empirical"]
    observations: Annotated[tuple[Finite, ...], Field(strict=False, min_length=2, max_length=10_000)]


Untruncated = Annotated[
    Uniform | Triangular | Pert | Normal | Lognormal | Beta | Discrete | Bernoulli | Empirical,
    Field(discriminator="kind"),
]


class Truncated(Document):
    """The distribution `of`, given that the value lies in [low, high]; a bound that is missing is open.

    The parameters of `of` are those before truncation. The bounds keep at least a billionth of it.
    """

    kind: Literal["truncated"]
    of: Untruncated
    low: Finite | None = None
    high: Finite | None = None

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.low is None and self.high is None:
            raise PydanticCustomError("bounds", "give low, high or both")
        if self.low is not None and self.high is not None:
            _check_order(self.low, self.high)
        return self


def _check_order(low: float, high: float) -> None:
    if not low < high:
        raise PydanticCustomError("bounds", "low must be less than high")


def _check_mode(low: float, mode: float, high: float) -> None:
    if not (low <= mode <= high and low < high):
        raise PydanticCustomError("bounds", "low <= mode <= high and low < high are expected")


Distribution = Annotated[
    Fixed
    | Uniform
    | Triangular
    | Pert
    | Normal
    | Lognormal
    | Beta
    | Discrete
    | Bernoulli
    | Empirical
    | Truncated,
    Field(discriminator="kind"),
]
