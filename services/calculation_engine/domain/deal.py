"""Both sides of a deal over the draws of a model: what no choice of terms changes, and what each brings.

Timing: costs at the start and a subscription's first amount are not discounted; a subscription is paid at the
beginning of its period, all other flows fall at the end of theirs. The customer's flows are discounted at the
model's rate, the vendor's at its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.compiled import CompiledModel
from services.calculation_engine.domain.deal_checks import milestone_places
from services.calculation_engine.domain.discounting import Flow, discount_factors
from services.calculation_engine.domain.drawn_flow import DrawnFlow, FlowPlan
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.interruption import between_blocks
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.pricing import Table, gain_share, milestone, subscription
from services.schemas.deal_optimization import DealOptimizationRequest
from services.schemas.money import minor_units
from services.schemas.terms import GainShare, MilestonePayment, Subscription, Term

Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What one structure brings both sides: present values, a number a draw, NaN where a formula had none."""

    revenue: Draws
    margin: Draws
    npv: Draws
    costs: Draws

    @cached_property
    def roi(self) -> Draws:
        """NaN where there are no costs."""
        with np.errstate(all="ignore"):
            ratio = self.npv / self.costs
        return np.where(np.isfinite(ratio), ratio, np.nan)


class Deal:
    """A deal on its draws. `usable` says which of them have a value in every formula that counts."""

    def __init__(self, request: DealOptimizationRequest, experiment: Experiment) -> None:
        compiled, draws = experiment.model.compiled, experiment.design.draws
        self._pricing = request.pricing
        self._periods = request.model.horizon.periods
        self._digits = minor_units(request.model.currency)
        self._places = milestone_places(request)
        rate = request.vendor.discount_rate
        self._customer_factors = compiled.factors
        self._vendor_factors = (
            compiled.factors if rate is None else discount_factors(rate, compiled.months, self._periods)
        )
        by_period = np.array(_repeated(request.vendor.per_period, self._periods))
        self.cost_to_serve = request.vendor.one_off + float(by_period @ self._vendor_factors[1:])
        self.usable: NDArray[np.bool_] = np.empty(draws, dtype=np.bool_)
        self.first_failure: Mapping[str, float] | None = None
        self._benefits, self._own_costs = np.empty(draws), np.empty(draws)
        self._gains: dict[str, list[Table]] = {key: [] for key in _shared(request)}
        self._draw(request, experiment)

    def outcome(self, terms: Sequence[Term]) -> Outcome:
        """What the deal brings by these terms, which have the keys of the pricing structure's."""
        between_blocks()
        nothing = np.where(self.usable, 0.0, np.nan)
        paid, earned = nothing.copy(), nothing.copy()
        for term in terms:
            match term:
                case Subscription():
                    charges = subscription(term, self._periods, self._digits)
                case MilestonePayment():
                    charges = milestone(term, self._places[term.key], self._periods, self._digits)
                case GainShare():
                    self._add_shares(term, paid, earned)
                    continue
            paid += charges.present_value(self._customer_factors)
            earned += charges.present_value(self._vendor_factors)
        costs = self._own_costs + paid
        return Outcome(earned, earned - self.cost_to_serve, self._benefits - costs, costs)

    def _add_shares(self, term: GainShare, paid: Draws, earned: Draws) -> None:
        for number, gains in enumerate(self._gains[term.key]):
            between_blocks()
            at = slice(number * BLOCK, number * BLOCK + gains.shape[1])
            charges = gain_share(term, gains, self._digits)
            paid[at] += charges.present_value(self._customer_factors)
            earned[at] += charges.present_value(self._vendor_factors)

    def _draw(self, request: DealOptimizationRequest, experiment: Experiment) -> None:
        compiled, results = experiment.model.compiled, experiment.program.results
        customer = FlowPlan(_of_customer(request, compiled), results)
        shares = {
            key: FlowPlan(_covered(request, compiled, keys), results)
            for key, keys in _shared(request).items()
        }
        baselines = {key: _baseline(request, keys) for key, keys in _shared(request).items()}
        for drawn, at in experiment.blocks(0, experiment.design.draws):
            usable, size = drawn.usable, drawn.size
            self.usable[at] = usable
            if self.first_failure is None and not usable.all():
                self.first_failure = experiment.inputs_of(int(np.argmin(usable)))
            flow = DrawnFlow(customer, drawn.loops, experiment.registers, size)
            self._benefits[at] = np.where(usable, flow.pv_benefits, np.nan)
            self._own_costs[at] = np.where(usable, flow.pv_costs, np.nan)
            for key, plan in shares.items():
                gross = DrawnFlow(plan, drawn.loops, experiment.registers, size).net[1:]
                self._gains[key].append(np.where(usable, gross - baselines[key][:, np.newaxis], 0.0))


def _shared(request: DealOptimizationRequest) -> dict[str, tuple[str, ...]]:
    """The commitments that each gain-share term covers, by the term's key."""
    return {term.key: term.commitments for term in request.pricing.terms if isinstance(term, GainShare)}


def _of_customer(request: DealOptimizationRequest, compiled: CompiledModel) -> CompiledModel:
    """The model with the drivers and costs that the customer counts; the others weigh nothing."""
    counted, replaced = request.customer.drivers, request.customer.replaced_costs
    drivers = [counted is None or driver.key in counted for driver in request.model.drivers]
    costs = [cost.key not in replaced for cost in request.model.costs]
    return _weighed(compiled, np.array(drivers, dtype=np.float64), np.array(costs, dtype=np.float64))


def _covered(request: DealOptimizationRequest, compiled: CompiledModel, keys: Sequence[str]) -> CompiledModel:
    """The model with the drivers of some commitments alone, and without costs: its net flow is their gross
    gain. A driver that two of them name counts for both."""
    named = [each.driver_key for each in request.pricing.commitments if each.key in keys]
    drivers = [float(named.count(driver.key)) for driver in request.model.drivers]
    return _weighed(compiled, np.array(drivers), np.zeros(len(request.model.costs)))


def _weighed(compiled: CompiledModel, drivers: Flow, costs: Flow) -> CompiledModel:
    return replace(
        compiled,
        benefit_weights=compiled.benefit_weights * drivers,
        cost_weights=compiled.cost_weights * costs,
    )


def _baseline(request: DealOptimizationRequest, keys: Sequence[str]) -> Flow:
    """What the drivers of some commitments bring at their baselines together, by period."""
    periods = request.model.horizon.periods
    covered = [each.at_baseline for each in request.pricing.commitments if each.key in keys]
    total: Flow = np.array([_repeated(amounts, periods) for amounts in covered]).sum(axis=0)
    return total


def _repeated(amounts: Sequence[float], periods: int) -> list[float]:
    """The last amount repeats."""
    return [*amounts, *[amounts[-1]] * (periods - len(amounts))]
