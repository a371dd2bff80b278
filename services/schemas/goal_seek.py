"""The value of one input at which an output meets a target: what is asked and what is answered."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import Currency, Document, Finite, Key
from services.schemas.problem import FieldError
from services.schemas.simulation import Output
from services.schemas.value_model import ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

Outcome = Literal["found", "jumps", "out_of_reach"]


class GoalSeekRequest(Document):
    """Find the values of `input` between `low` and `high` at which `output` is `target`, all else as in an
    evaluation: a break-even price has the target 0 for `npv`, a minimal ROI's price that ROI for `roi`.

    A bound that is missing is the input's own `low` or `high`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": VALUE_MODEL_EXAMPLE,
                    "input": "licence",
                    "output": "npv",
                    "target": 0,
                    "low": 0,
                    "high": 500000,
                }
            ]
        }
    )

    model: ValueModel
    scenario: Key | None = None
    inputs: Annotated[dict[Key, Finite], Field(max_length=200)] = Field(default_factory=dict)
    input: Key
    output: Output = "npv"
    target: Finite = 0.0
    low: Finite | None = None
    high: Finite | None = None

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise PydanticCustomError("bounds", "low must be less than high")
        return self


class Root(Document):
    """A value of the input, and the output there. `exact` is false where the output jumps over the target (as
    `ceil` does): it is then on this side of it, and on the other just beyond."""

    value: Finite
    output: Finite
    exact: bool


class GoalSeek(Document):
    """The answer: `value` is the one nearest to the input's own, of all `roots` in ascending order.

    `outcome` is `found`, `jumps` if the output only jumps over the target, or `out_of_reach` if it does not
    meet it between the bounds: `least` and `greatest` then say how far it goes (null where it does not exist
    anywhere). `current` is the input's own value, and `output_at_current` the output there.
    """

    model_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    currency: Currency
    scenario: Key | None
    input: Key
    output: Output
    target: Finite
    low: Finite
    high: Finite
    outcome: Outcome
    value: Finite | None
    roots: Annotated[tuple[Root, ...], Field(strict=False)]
    current: Finite
    output_at_current: Finite | None
    least: Finite | None
    greatest: Finite | None
    warnings: Annotated[tuple[FieldError, ...], Field(strict=False)]
