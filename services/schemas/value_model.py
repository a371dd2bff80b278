"""The value model: what a solution is expected to bring a customer, as a document that can be recomputed.

**Amounts are annual.** A driver's formula, a cost's `recurring` formula and a pool's `annual_amount` each
give an amount of money a year, in the model's currency, as plain numbers. A period of m months sees m/12 of
it, times the line's `profile` for that period. A profile lists the multipliers of periods 1, 2, 3, …; its
last value repeats, and (1,) is the default. With a period of a year and the formula "1", a profile is simply
the list of yearly amounts.

**Time.** Period 0 is the start, when the costs' `initial` amounts fall, undiscounted; the flows of period k
fall at its end and are divided by (1 + r)^(k m / 12) for the effective annual rate r.

**Names.** Formulas are written in the calculation engine's language over the names of `inputs` and of other
`formulas` (lines of the calculation that have no place in the cash flow themselves).
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import Currency, Document, Finite, Key, Label, Text
from services.schemas.distributions import Distribution

MAX_PERIODS = 600
MAX_FORMULA_LENGTH = 2000
MAX_MULTIPLIER = 1e15

PeriodLength = Literal["month", "quarter", "year"]
Evidence = Literal["measured", "customer-stated", "benchmark", "assumption"]
Realisation = Literal["cashable", "revenue", "avoidance", "capacity", "risk"]
Direction = Literal["increase", "decrease"]
Aggregation = Literal["sum", "mean", "last"]
Timing = Literal["period_end"]

Unit = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Formula = Annotated[str, StringConstraints(min_length=1, max_length=MAX_FORMULA_LENGTH)]
Citation = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
# JSON knows only lists: strict mode would refuse them for a tuple. The elements stay strict.
Multiplier = Annotated[Finite, Field(ge=0, le=MAX_MULTIPLIER)]
Profile = Annotated[tuple[Multiplier, ...], Field(strict=False, min_length=1, max_length=MAX_PERIODS)]

MONTHS: dict[PeriodLength, int] = {"month": 1, "quarter": 3, "year": 12}


class Horizon(Document):
    """How far the model looks: `periods` of one length. It has no dates; a contract gives those."""

    periods: int = Field(ge=1, le=MAX_PERIODS)
    period_length: PeriodLength

    @property
    def months_per_period(self) -> int:
        return MONTHS[self.period_length]


class Input(Document):
    """A number that formulas use by its name: certain (`value`) or uncertain (`distribution`), exactly one of
    them.

    `low` and `high` bound what is plausible, for one-at-a-time sensitivity. `base` is the single figure that
    stands for a distribution in a deterministic evaluation; without it the distribution's mean does.
    """

    label: Label
    unit: Unit
    value: Finite | None = None
    distribution: Distribution | None = None
    low: Finite | None = None
    base: Finite | None = None
    high: Finite | None = None
    evidence: Evidence
    citation: Citation | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        value, base, low, high = self.value, self.base, self.low, self.high
        if (value is None) == (self.distribution is None):
            raise PydanticCustomError("one_of", "give exactly one of value and distribution")
        if value is not None and base is not None:
            raise PydanticCustomError(
                "base_with_value", "base stands beside a distribution; a value is its own base"
            )
        known = [bound for bound in (low, value if base is None else base, high) if bound is not None]
        if known != sorted(known):
            raise PydanticCustomError("bounds", "low <= base <= high is expected (a value is its own base)")
        return self


class Kpi(Document):
    """How a driver is measured later: the metric's aggregate over a period replaces `input` in the driver's
    formula.

    `direction` says which way the metric moves when value is realised.
    """

    input: Key
    metric: Key
    unit: Unit
    direction: Direction
    aggregation: Aggregation


class Driver(Document):
    """One source of benefit.

    `capture` is the share of released capacity that becomes money (1 for every other class). `pool` names the
    cost or revenue line that the benefit draws on. `risk_adjustment` lowers the benefit: 0.2 counts 80 % of
    it.
    """

    key: Key
    label: Label
    category: Label
    realisation: Realisation
    formula: Formula
    capture: Annotated[Finite, Field(ge=0, le=1)] = 1.0
    pool: Key | None = None
    owner: Label | None = None
    profile: Profile = (1.0,)
    risk_adjustment: Annotated[Finite, Field(ge=0, lt=1)] = 0.0
    kpi: Kpi | None = None

    @model_validator(mode="after")
    def _capture_is_for_capacity(self) -> Self:
        if self.realisation != "capacity" and self.capture != 1:
            raise PydanticCustomError("capture", "capture is 1 unless realisation is capacity")
        return self


class Cost(Document):
    """What the customer pays: `initial` once at the start, `recurring` a year, both as positive amounts.

    `risk_adjustment` raises both: 0.1 counts 110 %.
    """

    key: Key
    label: Label
    initial: Formula = "0"
    recurring: Formula = "0"
    profile: Profile = (1.0,)
    risk_adjustment: Annotated[Finite, Field(ge=0, le=5)] = 0.0


class Pool(Document):
    """A line of the customer's books, such as the support department's payroll: the drivers that draw on it
    never bring more in a period than the line holds in it."""

    label: Label
    annual_amount: Formula


class Scenario(Document):
    """A named what-if: these inputs take these values."""

    label: Label
    inputs: Annotated[dict[Key, Finite], Field(min_length=1, max_length=200)]


class Correlation(Document):
    """Spearman's rank correlation between two uncertain inputs; pairs that are not listed are independent."""

    first: Key
    second: Key
    rank: Annotated[Finite, Field(ge=-1, le=1)]


class ValueModel(Document):
    """A value model. `discount_rate` is effective and annual, 0.1 for 10 %."""

    currency: Currency
    horizon: Horizon
    discount_rate: Annotated[Finite, Field(ge=-0.5, le=10)]
    timing: Timing = "period_end"
    description: Text = ""
    inputs: Annotated[dict[Key, Input], Field(max_length=200)] = Field(default_factory=dict)
    formulas: Annotated[dict[Key, Formula], Field(max_length=200)] = Field(default_factory=dict)
    drivers: Annotated[tuple[Driver, ...], Field(strict=False, max_length=200)] = ()
    costs: Annotated[tuple[Cost, ...], Field(strict=False, max_length=200)] = ()
    pools: Annotated[dict[Key, Pool], Field(max_length=50)] = Field(default_factory=dict)
    scenarios: Annotated[dict[Key, Scenario], Field(max_length=50)] = Field(default_factory=dict)
    correlations: Annotated[tuple[Correlation, ...], Field(strict=False, max_length=1000)] = ()

    def at_full_effect(self, driver_key: str) -> "ValueModel":
        """The model with one driver's profile flat: what the driver is worth once its KPI is where an
        evaluation puts it. Its profile is how the model expects the KPI to get there; a measured one has."""
        drivers = (
            each.model_copy(update={"profile": (1.0,)}) if each.key == driver_key else each
            for each in self.drivers
        )
        return self.model_copy(update={"drivers": tuple(drivers)})
