"""Deal optimizations: which values of a contract's pricing terms serve vendor and customer best.

Money is in the model's currency as plain numbers, rates are ratios (0.1 for 10 %), positive amounts are what
their side receives. Present values are at the start of the contract, which is that of the model. Every figure
comes with its 95 % confidence interval.
"""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import Currency, Document, Finite, Key
from services.schemas.deal_optimization_example import DEAL_OPTIMIZATION_EXAMPLE
from services.schemas.problem import FieldError
from services.schemas.simulation import Estimate, Sampler
from services.schemas.terms import Term
from services.schemas.value_model import MAX_PERIODS, ValueModel

VendorFigure = Literal["vendor_margin", "vendor_margin_ratio", "vendor_p10_margin"]
CustomerFigure = Literal[
    "customer_npv", "customer_roi", "customer_p10_npv", "customer_p10_roi", "customer_npv_positive"
]
Figure = Literal[VendorFigure, CustomerFigure]
DecidedField = Literal[
    "amount_per_period", "amount", "share", "floor_per_period", "cap_per_period", "holdback"
]
Standing = Literal["efficient", "equalled", "dominated", "refused"]

PlainAmount = Annotated[Finite, Field(ge=0, le=1e15)]
ByPeriod = Annotated[tuple[PlainAmount, ...], Field(strict=False, min_length=1, max_length=MAX_PERIODS)]
Baseline = Annotated[
    tuple[Annotated[Finite, Field(ge=-1e15, le=1e15)], ...],
    Field(strict=False, min_length=1, max_length=MAX_PERIODS),
]


class CoveredDriver(Document):
    """A commitment that gain-share terms name by `key`: the gain of a period is what the driver brings in it,
    risk-adjusted and within its pool, less what it brings `at_baseline` (by period; the last value repeats).
    """

    key: Key
    driver_key: Key
    at_baseline: Baseline = (0.0,)


class PricingStructure(Document):
    """What the contract charges for. Its periods are those of the model's horizon, in the model's currency.

    `effective_on` is the first day of its first period; a milestone is taken to be accepted on the day it is
    due, and paid at the end of that day's period. Only milestones need it.
    """

    terms: Annotated[tuple[Term, ...], Field(strict=False, min_length=1, max_length=20)]
    commitments: Annotated[tuple[CoveredDriver, ...], Field(strict=False, max_length=200)] = ()
    effective_on: date | None = Field(default=None, strict=False)


class CustomerSide(Document):
    """What the customer counts: the benefits of `drivers` (null: of all in the model), against the charges
    and the model's costs, save `replaced_costs`, for which the charges stand."""

    drivers: Annotated[tuple[Key, ...], Field(strict=False, min_length=1, max_length=200)] | None = None
    replaced_costs: Annotated[tuple[Key, ...], Field(strict=False, max_length=200)] = ()


class VendorSide(Document):
    """What serving the customer costs: `one_off` at the start, `per_period` at each period's end (the last
    value repeats). `discount_rate` is effective and annual, the model's where it is null."""

    one_off: PlainAmount = 0.0
    per_period: ByPeriod = (0.0,)
    discount_rate: Annotated[Finite, Field(ge=-0.5, le=10)] | None = None


class Decision(Document):
    """A value that is open: `field` of the term `term`, from `low` to `high` in steps of `step`.

    Without `step` it is the currency's minor unit for an amount, and 0.0001 for a ratio.
    """

    term: Key
    field: DecidedField
    low: PlainAmount
    high: PlainAmount
    step: Annotated[Finite, Field(gt=0, le=1e15)] | None = None

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.low > self.high:
            raise PydanticCustomError("bounds", "low must not be greater than high")
        return self


class DealConstraint(Document):
    """A structure whose `figure` is estimated below `at_least` is refused."""

    figure: Figure
    at_least: Finite


class DealOptimizationRequest(Document):
    """Simulate both sides' cash flows for up to `structures` choices of the decisions' values, all on the
    same draws of the model's uncertain inputs, and tell which are efficient between `vendor_objective` and
    `customer_objective`, both of which are to be high.

    `scenario` and `inputs` replace inputs as in an evaluation; without `sampler` the engine takes `sobol`.
    The same request with the same `seed` gives the same answer. What a term states for a decided field does
    not count.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [DEAL_OPTIMIZATION_EXAMPLE]})

    model: ValueModel
    scenario: Key | None = None
    inputs: Annotated[dict[Key, Finite], Field(max_length=200)] = Field(default_factory=dict)
    pricing: PricingStructure
    customer: CustomerSide = CustomerSide()
    vendor: VendorSide = VendorSide()
    decisions: Annotated[tuple[Decision, ...], Field(strict=False, max_length=6)] = ()
    constraints: Annotated[tuple[DealConstraint, ...], Field(strict=False, max_length=8)] = ()
    vendor_objective: VendorFigure = "vendor_margin"
    customer_objective: CustomerFigure = "customer_roi"
    structures: int = Field(default=256, ge=1, le=1024)
    draws: int = Field(default=8192, ge=100, le=2**17)
    seed: int = Field(default=1, ge=0, le=2**53 - 1)
    sampler: Sampler | None = None


class DealFigures(Document):
    """One structure, over the draws.

    - `vendor_revenue`: the expected present value of all charges, at the vendor's rate.
    - `vendor_margin`: that less the present value of the cost to serve. `vendor_p10_margin`: its 10th
    percentile, which nine draws in ten exceed. `vendor_margin_ratio`: expected margin over expected revenue.
    - `customer_npv`: the expected present value of the customer's benefits less the charges and its own
    costs, at the model's rate; `customer_p10_npv`: its 10th percentile; `customer_npv_positive`: the
    probability that it is above zero.
    - `customer_roi`, `customer_p10_roi`: the mean and the 10th percentile of NPV / present value of charges
    and own costs, draw by draw, over the draws in which there are such costs.
    """

    vendor_revenue: Estimate
    vendor_margin: Estimate
    vendor_margin_ratio: Estimate
    vendor_p10_margin: Estimate
    customer_npv: Estimate
    customer_roi: Estimate
    customer_p10_npv: Estimate
    customer_p10_roi: Estimate
    customer_npv_positive: Estimate


class DealPoint(Document):
    """One structure that was tried: its decided `values`, by term and field.

    `standing` is `refused` if the structure does not keep the constraints on the figures in `violates` (or an
    objective does not exist: an ROI without costs); `efficient` if no other that is not refused is better in
    one objective and at least as good in the other; `equalled` if it is exactly as good as an efficient one,
    such as under a cap that no draw reaches; else `dominated`. `yields_to` is the place of an efficient one
    that equals or dominates it, and `is_surely_dominated` says that the differences between both, over the
    same draws, are more than sampling noise, at 95 % each. `unsure` are constraints whose bound lies inside
    the figure's interval, kept or not.
    """

    values: dict[Key, dict[DecidedField, Finite]]
    figures: DealFigures
    standing: Standing
    yields_to: int | None
    is_surely_dominated: bool
    violates: Annotated[tuple[Figure, ...], Field(strict=False)]
    unsure: Annotated[tuple[Figure, ...], Field(strict=False)]


class ConstraintReach(Document):
    """How far the structures go that were tried: the `greatest` estimate, and how many keep the constraint by
    itself."""

    figure: Figure
    at_least: Finite
    greatest: Finite | None
    kept_by: int


class DealOptimization(Document):
    """The answer.

    `outcome` is `infeasible` if every structure that was tried is refused: `nearest` is then the place of the
    one that misses the constraints least, and `reach` says what each constraint asks against what there is.
    `points` are all structures that were tried: the efficient ones first, then those that yield to them, then
    the refused, each by ascending vendor objective. `is_exhaustive` says that every possible structure was
    tried; otherwise a better one may lie between. `non_finite_draws` are draws in which a formula had no
    finite value; they count in no figure.
    """

    model_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    currency: Currency
    scenario: Key | None
    inputs: Annotated[tuple[Key, ...], Field(strict=False)]
    draws: int
    seed: int
    sampler: Sampler
    non_finite_draws: int
    vendor_objective: VendorFigure
    customer_objective: CustomerFigure
    outcome: Literal["efficient", "infeasible"]
    is_exhaustive: bool
    points: Annotated[tuple[DealPoint, ...], Field(strict=False)]
    nearest: int | None
    reach: Annotated[tuple[ConstraintReach, ...], Field(strict=False)]
    warnings: Annotated[tuple[FieldError, ...], Field(strict=False)]
