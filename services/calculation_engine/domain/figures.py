"""The headline figures of a benefit flow against the costs of a model."""

from dataclasses import dataclass

from services.calculation_engine.domain import financial
from services.calculation_engine.domain.compiled import CompiledModel
from services.calculation_engine.domain.discounting import Flow, annual_rate, period_rate
from services.schemas.evaluation import Figures


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a model's drivers: their benefits by period and their present value, how much of that rests on
    assumptions, and the present value of all the model's benefits."""

    benefits: Flow
    pv: float
    pv_resting_on_assumptions: float
    pv_of_all: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What stands against every part: all costs of the model by period, their sum and their present value."""

    flow: Flow
    total: float
    pv: float

    @staticmethod
    def of(compiled: CompiledModel, flow: Flow) -> "Costs":
        return Costs(flow, float(flow.sum()), float(flow @ compiled.factors))


def figures(compiled: CompiledModel, part: Part, costs: Costs) -> Figures:
    """The figures of these benefits against all costs; see `Figures` for what each means."""
    rate = period_rate(compiled.model.discount_rate, compiled.months)
    net = part.benefits - costs.flow
    npv = part.pv - costs.pv
    roots = _annual_roots(compiled, net)
    return Figures(
        benefits=float(part.benefits.sum()),
        costs=costs.total,
        pv_benefits=part.pv,
        pv_costs=costs.pv,
        npv=npv,
        roi=financial.ratio(npv, costs.pv),
        irr=roots[0] if len(roots) == 1 else None,
        irr_roots=roots,
        mirr=_annual(compiled, financial.mirr(net, rate, rate)),
        payback_months=_in_months(compiled, financial.payback(net)),
        discounted_payback_months=_in_months(compiled, financial.payback(net * compiled.factors)),
        profitability_index=financial.profitability_index(rate, net),
        share=financial.ratio(part.pv, part.pv_of_all),
        assumption_share=financial.ratio(part.pv_resting_on_assumptions, part.pv),
        cost_of_delay=cost_of_delay(compiled, part.benefits),
    )


def cost_of_delay(compiled: CompiledModel, benefits: Flow) -> float:
    """What the present value loses if the benefits come a month later and the horizon ends as planned.

    Benefits being even inside a period of m months, each period then holds (m - 1) / m of its own benefits
    and 1 / m of the period's before.
    """
    lost = benefits.copy()
    lost[1:] -= benefits[:-1]
    return float(lost @ compiled.factors) / compiled.months


def _annual_roots(compiled: CompiledModel, net: Flow) -> tuple[float, ...]:
    annual = [_annual(compiled, root) for root in financial.irr_roots(net)]
    return tuple(root for root in annual if root is not None)


def _annual(compiled: CompiledModel, rate: float | None) -> float | None:
    """A rate per period as an effective annual one; None if it rounds to -100 % or is beyond float64."""
    if rate is None:
        return None
    try:
        annual = annual_rate(rate, compiled.months)
    except OverflowError:
        return None
    return annual if annual > -1 else None


def _in_months(compiled: CompiledModel, periods: float | None) -> float | None:
    return None if periods is None else periods * compiled.months
