"""Deterministic runs of a value model: what is asked and what is answered.

Money is in the model's currency as plain numbers, rates are ratios (0.1 for 10 %), times are months from the
start. A figure that does not exist (no payback, an ROI without costs) is null; none is ever NaN or infinite.
"""

from typing import Annotated

from pydantic import ConfigDict, Field

from services.schemas.base import Currency, Document, Finite, Key, Label
from services.schemas.problem import FieldError
from services.schemas.value_model import PeriodLength, Realisation, ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

Series = Annotated[tuple[Finite, ...], Field(strict=False)]
Share = Annotated[Finite, Field(ge=0, le=1)]


class EvaluationRequest(Document):
    """Evaluate `model`, in one of its scenarios if named, with `inputs` replaced last."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": VALUE_MODEL_EXAMPLE, "inputs": {"hourly_cost": 41}}]}
    )

    model: ValueModel
    scenario: Key | None = None
    inputs: Annotated[dict[Key, Finite], Field(max_length=200)] = Field(default_factory=dict)


class Line(Document):
    """One driver or cost over the periods; each list begins with period 0, the start.

    `gross` is the formula's amount for the period with its profile. `risk_adjusted` is what counts: a benefit
    after capture, its pool's limit and its risk adjustment, a cost after its risk adjustment. Both are
    positive for a cost. `discounted` is the present value of the latter.
    """

    key: Key
    gross: Series
    risk_adjusted: Series
    discounted: Series


class PeriodTable(Document):
    """The cash flow by column; every list has one entry a period, beginning with period 0, the start.

    `month` is when a period ends. `benefits` and `costs` are risk-adjusted sums, `net` their difference.
    """

    month: Annotated[tuple[int, ...], Field(strict=False)]
    drivers: Annotated[tuple[Line, ...], Field(strict=False)]
    cost_lines: Annotated[tuple[Line, ...], Field(strict=False)]
    benefits: Series
    costs: Series
    net: Series
    cumulative: Series
    discounted_net: Series
    discounted_cumulative: Series


class Figures(Document):
    """The headline of a set of drivers, against all costs of the model.

    - `benefits`, `costs`: risk-adjusted sums over the horizon, not discounted.
    - `npv` = `pv_benefits` - `pv_costs`; `roi` = `npv` / `pv_costs`.
    - `irr`, `mirr`: effective annual rates. `irr` is null unless exactly one rate above -100 % makes the NPV
      zero; `irr_roots` lists all that do. `mirr` finances and reinvests at the model's discount rate.
    - `payback_months`, `discounted_payback_months`: when the cumulative (discounted) net flow, having been
    below
      zero, is first back at zero, flows being even inside a period; 0 if it is never below, null if it never
      comes back.
    - `profitability_index`: present value of the flows after the start / outlay at the start. - `share`: of
    all the model's `pv_benefits`. `assumption_share`: the part of these `pv_benefits` whose drivers
      read, directly or through other formulas, at least one input whose evidence is `assumption`.
    - `cost_of_delay`: what `npv` loses if every benefit comes one month later, the costs and the end of the
      horizon staying where they are.
    """

    benefits: Finite
    costs: Finite
    pv_benefits: Finite
    pv_costs: Finite
    npv: Finite
    roi: Finite | None
    irr: Finite | None
    irr_roots: Series
    mirr: Finite | None
    payback_months: Finite | None
    discounted_payback_months: Finite | None
    profitability_index: Finite | None
    share: Finite | None
    assumption_share: Finite | None
    cost_of_delay: Finite


class DriverFigures(Document):
    """One driver over the horizon. `annual_amount` is what its formula gives, `gross`, `risk_adjusted` and
    `pv` are sums of its line, `capped` is what its pool's limit took away (before risk adjustment), `share`
    is of the model's `pv_benefits`, and `assumptions` are the inputs it reads whose evidence is
    `assumption`."""

    key: Key
    label: Label
    category: Label
    realisation: Realisation
    annual_amount: Finite
    gross: Finite
    capped: Finite
    risk_adjusted: Finite
    pv: Finite
    share: Finite | None
    assumptions: Annotated[tuple[Key, ...], Field(strict=False)]


class CostFigures(Document):
    """One cost over the horizon: what its two formulas give, and the sums of its line."""

    key: Key
    label: Label
    initial: Finite
    annual_amount: Finite
    gross: Finite
    risk_adjusted: Finite
    pv: Finite


class Overlap(Document):
    """Drivers that together claim more than their pool holds, in the periods `periods` (from 1).

    In those periods they `claimed` together, `available` was there, and each was cut in the same proportion.
    Claims count after capture and before risk adjustment.
    """

    pool: Key
    label: Label
    drivers: Annotated[tuple[Key, ...], Field(strict=False)]
    periods: Annotated[tuple[int, ...], Field(strict=False)]
    claimed: Finite
    available: Finite
    cut: Finite


class Evaluation(Document):
    """One deterministic run.

    `inputs` are the values that were used; `formulas` every named formula's value, null where it has none in
    this run and nothing that counts needed it (`warnings` then says why). `total` counts every driver,
    `cfo_view` those whose realisation is cashable or revenue, and `by_realisation` each class that occurs, by
    itself. The classes' benefits add up to the total's; their NPVs do not, because all costs stand against
    each view.
    """

    model_hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    currency: Currency
    period_length: PeriodLength
    scenario: Key | None
    inputs: dict[Key, Finite]
    formulas: dict[Key, Finite | None]
    total: Figures
    cfo_view: Figures
    by_realisation: dict[Realisation, Figures]
    drivers: Annotated[tuple[DriverFigures, ...], Field(strict=False)]
    costs: Annotated[tuple[CostFigures, ...], Field(strict=False)]
    overlaps: Annotated[tuple[Overlap, ...], Field(strict=False)]
    periods: PeriodTable
    warnings: Annotated[tuple[FieldError, ...], Field(strict=False)]
