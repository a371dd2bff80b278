"""What an output of a value model depends on: what is asked and what is answered.

Figures are as in an evaluation; one that does not exist is null. Estimates carry their 95 % confidence
interval.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from services.schemas.base import Currency, Document, Finite, Key, Label
from services.schemas.problem import FieldError
from services.schemas.simulation import Estimate, Output, Sampler
from services.schemas.value_model import ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

Method = Literal["tornado", "spearman", "sobol"]
Source = Literal["declared", "p10_p90"]

ALL_METHODS: tuple[Method, ...] = ("tornado", "spearman", "sobol")


class SensitivityRequest(Document):
    """Tell what `output` depends on, by each of `methods`.

    `scenario` and `inputs` replace inputs as in an evaluation; what they replace is not varied. `draws` is
    the sample's size for `spearman`, and that of each of the two samples that `sobol` mixes: it evaluates the
    model draws * (uncertain inputs + 2) times.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"model": VALUE_MODEL_EXAMPLE, "output": "npv", "draws": 4096, "seed": 7}]
        }
    )

    model: ValueModel
    scenario: Key | None = None
    inputs: Annotated[dict[Key, Finite], Field(max_length=200)] = Field(default_factory=dict)
    output: Output = "npv"
    methods: Annotated[tuple[Method, ...], Field(strict=False, min_length=1, max_length=3)] = ALL_METHODS
    draws: int = Field(default=16_384, ge=1024, le=2**17)
    seed: int = Field(default=1, ge=0, le=2**53 - 1)
    sampler: Sampler | None = None


class Bar(Document):
    """The output with one input at its `low` and at its `high`, all others at their base; `swing` is how far
    the two are apart.

    The ends are the input's own where it declares them (a missing one is its base), else the 10th and 90th
    percentiles of its distribution.
    """

    input: Key
    label: Label
    source: Source
    low: Finite
    high: Finite
    at_low: Finite | None
    at_high: Finite | None
    swing: Finite | None


class RankCorrelation(Document):
    """Spearman's rank correlation of an uncertain input with the output, over the draws that have one."""

    input: Key
    correlation: Estimate


class SobolIndices(Document):
    """The share of the output's variance that an uncertain input brings: by itself (`first`), and with all
    its interactions (`total`)."""

    input: Key
    first: Estimate
    total: Estimate


class Sensitivity(Document):
    """What the output depends on; a method that was not asked for is null.

    `base` is the output with every input at its base. Bars stand in descending order of swing, correlations
    of size, indices of total share. `undefined` draws, in which the output does not exist, count in no
    estimate. `evaluations` is how often the model was evaluated.
    """

    model_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    currency: Currency
    scenario: Key | None
    output: Output
    base: Finite | None
    draws: int
    seed: int
    sampler: Sampler
    evaluations: int
    undefined: int
    tornado: Annotated[tuple[Bar, ...], Field(strict=False)] | None
    spearman: Annotated[tuple[RankCorrelation, ...], Field(strict=False)] | None
    sobol: Annotated[tuple[SobolIndices, ...], Field(strict=False)] | None
    warnings: Annotated[tuple[FieldError, ...], Field(strict=False)]
