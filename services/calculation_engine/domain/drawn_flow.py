"""The cash flow of many draws at once: what `cash_flow` is for one point, without the period table.

A line's amount does not depend on the period, so a present value is a weighted sum of amounts; flows by
period are made only for figures that need them, from one sum for each distinct profile. Sums run in the order
of the document, whichever loops serve: their last bits do not depend on where or how many draws are computed.
"""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.compiled import LARGEST_AMOUNT, CompiledModel, PoolGroup
from services.calculation_engine.domain.discounting import Flow
from services.calculation_engine.domain.drawn_irr import Flows, Rates, rates_of_return
from services.calculation_engine.domain.formula.draws import Registers
from services.calculation_engine.domain.loops.choice import Loops

Draws = NDArray[np.float64]
"""One number a draw."""
Table = NDArray[np.float64]
"""A row a period, a column a draw."""
Rows = NDArray[np.int64]

_NO_ROWS = np.empty(0, dtype=np.int64)
_NO_WEIGHTS = np.empty(0)


class WeightedSums:
    """Weighted sums of registers: each of its lines is a register and its weight."""

    def __init__(self, *sums: tuple[Rows, Flow]) -> None:
        self._rows: Rows = np.concatenate([_NO_ROWS, *(rows for rows, _ in sums)])
        self._weights: Flow = np.concatenate([_NO_WEIGHTS, *(weights for _, weights in sums)])
        self._ends = np.cumsum([len(rows) for rows, _ in sums], dtype=np.int64)

    def over(self, loops: Loops, registers: Registers, size: int) -> Table:
        """A row a sum."""
        sums: Table = np.empty((len(self), size))
        loops.weigh(registers, *self.as_arguments, sums)
        return sums

    @property
    def as_arguments(self) -> tuple[Rows, Flow, Rows]:
        """The rows, their weights, and where each sum ends, as the loops want them."""
        return self._rows, self._weights, self._ends

    def __len__(self) -> int:
        return len(self._ends)


class FlowPlan:
    """Which registers hold the amounts, and how they add up."""

    def __init__(self, compiled: CompiledModel, results: Mapping[str, int]) -> None:
        def rows(pointers: list[str]) -> Rows:
            return np.array([results[pointer] for pointer in pointers], dtype=np.int64)

        drivers, outlay = rows(compiled.driver_formulas), rows(compiled.initial_formulas)
        recurring, limits = rows(compiled.recurring_formulas), rows(compiled.pool_formulas)
        free = _without_pools(compiled)
        benefit_weights = compiled.captures * compiled.benefit_weights
        discounted = compiled.driver_profiles @ compiled.factors
        running = compiled.cost_weights * (compiled.cost_profiles @ compiled.factors)
        self.compiled = compiled
        self.amounts: Rows = np.concatenate((drivers, outlay, recurring, limits))
        self.present_values = WeightedSums(
            (drivers[free], (benefit_weights * discounted)[free]),
            (np.concatenate((outlay, recurring)), np.concatenate((compiled.cost_weights, running))),
            (outlay, compiled.cost_weights),
        )
        self._lines = (
            np.concatenate((drivers[free], recurring)),
            np.concatenate((benefit_weights[free], -compiled.cost_weights)),
            np.concatenate((compiled.driver_profiles[free], compiled.cost_profiles)),
        )
        self.pools = [
            PoolPlan(compiled, pool, drivers[pool.drivers], int(limits[index]))
            for index, pool in enumerate(compiled.pools)
        ]

    @cached_property
    def periods(self) -> "PeriodPlan":
        """Only figures that need flows by period ask for it."""
        return PeriodPlan(self.compiled, *self._lines)


class PeriodPlan:
    """How lines add up in each period: from one sum for each distinct profile, in the order in which these
    first occur. From each of the periods `starts` on, `lengths` of them have the same flows."""

    def __init__(self, compiled: CompiledModel, rows: Rows, weights: Flow, profiles: Flow) -> None:
        self.starts = _starts(np.concatenate((compiled.driver_profiles, compiled.cost_profiles)))
        self.lengths = np.diff(self.starts, append=len(compiled.factors))
        groups: dict[bytes, list[int]] = {}
        for line, profile in enumerate(profiles):
            groups.setdefault(profile.tobytes(), []).append(line)
        self.by_profile = WeightedSums(*((rows[lines], weights[lines]) for lines in groups.values()))
        distinct, each = profiles[[lines[0] for lines in groups.values()]], np.arange(len(groups))
        self.by_period = WeightedSums(*((each, distinct[:, start]) for start in self.starts))


class Totals(Protocol):
    """`Loops.totals` of some registers, or what makes them first."""

    def __call__(
        self,
        amounts: Rows,
        limit: float,
        usable: NDArray[np.bool_],
        rows: Rows,
        weights: Flow,
        ends: Rows,
        out: Table,
        /,
    ) -> int: ...


class PresentValues:
    """What the benefits and costs of some draws are worth.

    `usable` says which draws have a value in every formula that counts; the others' figures mean nothing.
    """

    def __init__(self, plan: FlowPlan, size: int, totals: Totals) -> None:
        self.size = size
        self.usable: NDArray[np.bool_] = np.empty(size, dtype=np.bool_)
        self._values: Table = np.empty((len(plan.present_values), size))
        count = totals(
            plan.amounts, LARGEST_AMOUNT, self.usable, *plan.present_values.as_arguments, self._values
        )
        self.all_usable = count == size

    @property
    def outlay(self) -> Draws:
        """What is paid at the start."""
        outlay: Draws = self._values[2]
        return outlay

    @property
    def pv_costs(self) -> Draws:
        costs: Draws = self._values[1]
        return costs

    @property
    def pv_benefits(self) -> Draws:
        benefits: Draws = self._values[0]
        return benefits

    @cached_property
    def npv(self) -> Draws:
        return self.pv_benefits - self.pv_costs


class DrawnFlow(PresentValues):
    """Benefits and costs of the draws whose amounts stand in the registers."""

    def __init__(self, plan: FlowPlan, loops: Loops, registers: Registers, size: int) -> None:
        super().__init__(plan, size, partial(loops.totals, registers))
        self._plan = plan
        self._registers = registers
        self.loops = loops

    @property
    def factors(self) -> Flow:
        return self.compiled.factors

    @property
    def compiled(self) -> CompiledModel:
        return self._plan.compiled

    @cached_property
    def pv_benefits(self) -> Draws:
        total = super().pv_benefits
        for pool in self._pools:
            total = total + pool.present_value(self.factors)
        return total

    @cached_property
    def flows(self) -> Flows:
        """The net flows."""
        plan = self._plan.periods
        annual = plan.by_profile.over(self.loops, self._registers, self.size)
        rows = plan.by_period.over(self.loops, annual, self.size)
        rows[0] -= self.outlay
        for pool in self._pools:
            pool.add_by_period(rows, plan.starts)
        return Flows(rows, plan.lengths)

    @property
    def net(self) -> Table:
        """The net flows, a row a period from 0."""
        return self.flows.rows[self.flows.at]

    @cached_property
    def rates(self) -> Rates:
        """The rates of return per period."""
        return rates_of_return(self.loops, self.flows)

    @cached_property
    def _pools(self) -> "list[_PooledBenefits]":
        return [_PooledBenefits(plan, self._registers, self.size) for plan in self._plan.pools]


class PoolPlan:
    """A pool's drivers, and the periods in which their profiles are the same, which are limited alike."""

    def __init__(self, compiled: CompiledModel, pool: PoolGroup, rows: Rows, limit: int) -> None:
        profiles = compiled.driver_profiles[pool.drivers, 1:]
        self.distinct, group = np.unique(profiles, axis=1, return_inverse=True)
        self.group = group.reshape(-1)
        self.rows = rows
        self.limit = limit
        self.captures = compiled.captures[pool.drivers]
        self.weights = compiled.benefit_weights[pool.drivers]
        self.share_of_year = compiled.share_of_year


class _PooledBenefits:
    """The benefits of one pool's drivers, limited in every draw and period by what the pool holds; a row a
    group of periods."""

    def __init__(self, plan: PoolPlan, registers: Registers, size: int) -> None:
        self._plan = plan
        shape = (plan.distinct.shape[1], size)
        claimed, gains, losses = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for row, capture, weight, shares in zip(
            plan.rows, plan.captures, plan.weights, plan.distinct, strict=True
        ):
            claim = registers[row, :size] * capture
            gain, loss = np.maximum(claim, 0), np.minimum(claim, 0)
            claimed += shares[:, np.newaxis] * gain
            gains += (shares * weight)[:, np.newaxis] * gain
            losses += (shares * weight)[:, np.newaxis] * loss
        available = np.maximum(registers[plan.limit, :size], 0) * plan.share_of_year
        kept = np.ones(shape)
        with np.errstate(all="ignore"):
            np.divide(available, claimed, out=kept, where=claimed > available)
            self._benefits: Table = gains * kept + losses

    def present_value(self, factors: Flow) -> Draws:
        worth = np.bincount(self._plan.group, weights=factors[1:], minlength=len(self._benefits))
        total = np.zeros(self._benefits.shape[1])
        for benefits, factor in zip(self._benefits, worth, strict=True):
            total += factor * benefits
        return total

    def add_by_period(self, rows: Table, starts: Rows) -> None:
        """Row r is of the period `starts[r]` and those that are like it."""
        rows[1:] += self._benefits[self._plan.group[starts[1:] - 1]]


def _starts(profiles: Flow) -> Rows:
    """The periods in which some profile is not what it was before; the first two in any case."""
    changes = np.any(profiles[:, 1:] != profiles[:, :-1], axis=0)
    changes[:1] = True
    return np.flatnonzero(np.concatenate(([True], changes)))


def _without_pools(compiled: CompiledModel) -> NDArray[np.bool_]:
    free = np.ones(len(compiled.captures), dtype=np.bool_)
    for pool in compiled.pools:
        free[pool.drivers] = False
    return free
