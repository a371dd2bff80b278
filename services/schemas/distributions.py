"""What an uncertain input may be distributed as: one document a kind, told apart by `kind`.

The bounds `low` and `high` are the ends of the support, not percentiles. A `sd` is the population's.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import Document, Finite

Positive = Annotated[Finite, Field(gt=0)]


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
        if not self.low < self.high:
            raise PydanticCustomError("bounds", "low must be less than high")
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


def _check_mode(low: float, mode: float, high: float) -> None:
    if not (low <= mode <= high and low < high):
        raise PydanticCustomError("bounds", "low <= mode <= high and low < high are expected")


Distribution = Annotated[
    Fixed | Uniform | Triangular | Pert | Normal | Lognormal,
    Field(discriminator="kind"),
]
