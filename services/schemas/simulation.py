"""Monte Carlo runs of a value model: what is asked and what is answered.

Every estimate comes with its 95 % confidence interval. A figure that does not exist is null; none is ever NaN
or infinite.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from services.schemas.base import Currency, Document, Finite, Key
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

Output = Literal[
    "npv",
    "roi",
    "irr",
    "mirr",
    "pv_benefits",
    "pv_costs",
    "payback_months",
    "discounted_payback_months",
    "profitability_index",
]
Sampler = Literal["random", "latin_hypercube", "sobol"]

DEFAULT_OUTPUTS: tuple[Output, ...] = ("npv", "roi", "payback_months")


class Targets(Document):
    """What the customer wants to be sure of: an ROI of at least `roi`, payback within `payback_months`."""

    roi: Finite | None = None
    payback_months: Annotated[Finite, Field(ge=0)] | None = None


class SimulationRequest(Document):
    """Draw the uncertain inputs of `model` and evaluate it once for every draw.

    `scenario` and `inputs` replace inputs as in an evaluation; what they replace is certain. The same request
    with the same `seed` gives the same answer; an input's numbers depend on names and the seed, not on places
    in the document. Without `sampler` the engine takes `sobol`: Owen-scrambled Sobol' points. Every sampler
    draws eight independent replicates, whose differences give the confidence intervals.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": VALUE_MODEL_EXAMPLE,
                    "outputs": ["npv", "roi", "payback_months"],
                    "draws": 10000,
                    "seed": 7,
                    "targets": {"roi": 0.5, "payback_months": 24},
                }
            ]
        }
    )

    model: ValueModel
    scenario: Key | None = None
    inputs: Annotated[dict[Key, Finite], Field(max_length=200)] = Field(default_factory=dict)
    outputs: Annotated[tuple[Output, ...], Field(strict=False, min_length=1, max_length=9)] = DEFAULT_OUTPUTS
    draws: int = Field(default=65_536, ge=100, le=100_000_000)
    seed: int = Field(default=1, ge=0, le=2**53 - 1)
    sampler: Sampler | None = None
    targets: Targets = Targets()
    bins: int = Field(default=40, ge=1, le=200)


class Estimate(Document):
    """A figure and the ends of its 95 % confidence interval; null where it does not exist."""

    value: Finite | None
    low: Finite | None
    high: Finite | None


class Interval(Document):
    """The ends of a 95 % confidence interval; null where it does not exist."""

    low: Finite | None
    high: Finite | None


class Percentiles(Document):
    """The values that so many per cent of the draws stay below (linear between neighbouring draws).

    For a payback, a draw that never pays back counts as later than any that does: a percentile that falls
    among those is null.
    """

    p1: Estimate
    p5: Estimate
    p10: Estimate
    p25: Estimate
    p50: Estimate
    p75: Estimate
    p90: Estimate
    p95: Estimate
    p99: Estimate


class Histogram(Document):
    """Bins of equal width between `edges` (one more than `counts`): the last one contains its upper edge.
    `below` and `above` count the extreme draws outside the first and the last edge."""

    edges: Annotated[tuple[Finite, ...], Field(strict=False)]
    counts: Annotated[tuple[int, ...], Field(strict=False)]
    below: int
    above: int


class Checkpoint(Document):
    """The mean's estimate after so many draws, and its standard error."""

    draws: int
    mean: Finite | None
    standard_error: Finite | None


class Distributed(Document):
    """One output over the draws. `undefined` draws have no such figure (no payback, no single IRR, no costs
    to relate to); mean, sd and histogram are of the others."""

    output: Output
    undefined: int
    mean: Estimate
    sd: Finite | None
    sd_interval: Interval
    percentiles: Percentiles
    histogram: Histogram
    convergence: Annotated[tuple[Checkpoint, ...], Field(strict=False)]


class Probabilities(Document):
    """How often the draws meet what is wanted; a target that was not stated is null."""

    npv_positive: Estimate
    roi_target: Estimate | None = None
    payback_target: Estimate | None = None


class Simulation(Document):
    """One Monte Carlo run.

    `non_finite_draws` are draws in which a formula had no finite value; they count in no figure below.
    `inputs` names the inputs that were drawn.
    """

    model_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    currency: Currency
    scenario: Key | None
    inputs: Annotated[tuple[Key, ...], Field(strict=False)]
    draws: int
    seed: int
    sampler: Sampler
    non_finite_draws: int
    outputs: Annotated[tuple[Distributed, ...], Field(strict=False)]
    probabilities: Probabilities
    warnings: Annotated[tuple[FieldError, ...], Field(strict=False)]
