"""The cash flow of many draws at once: what `cash_flow` is for one point, without the period table."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.compiled import LARGEST_AMOUNT, CompiledModel, PoolGroup
from services.calculation_engine.domain.discounting import Flow

Draws = NDArray[np.float64]
"""One number a draw."""
Table = NDArray[np.float64]
"""A row a draw."""


class DrawnFlow:
    """Benefits and costs of draws, by their annual amounts as formulas gave them.

    A line's amount does not depend on the period, so a present value is a dot product of amounts with each
    line's discounted profile; the flows by period are made only for figures that need them. `usable` says
    which draws have a value in every formula that counts; the others compute as if their amounts were zero.
    """

    def __init__(self, compiled: CompiledModel, amounts: Mapping[str, Draws], size: int) -> None:
        self._compiled = compiled
        self.usable: NDArray[np.bool_] = np.ones(size, dtype=np.bool_)
        for column in amounts.values():
            # NaN compares as false
            self.usable &= np.abs(column) < LARGEST_AMOUNT
        columns = {pointer: np.where(self.usable, column, 0.0) for pointer, column in amounts.items()}

        def table(pointers: list[str]) -> Table:
            return (
                np.stack([columns[pointer] for pointer in pointers], axis=1)
                if pointers
                else np.zeros((size, 0))
            )

        self._claims = table(compiled.driver_formulas) * compiled.captures
        self._initial = table(compiled.initial_formulas) @ compiled.cost_weights
        self._recurring = table(compiled.recurring_formulas) * compiled.cost_weights
        limits = table(compiled.pool_formulas)
        self._pools = [
            _PooledBenefits(compiled, pool, self._claims[:, pool.drivers], limits[:, index])
            for index, pool in enumerate(compiled.pools)
        ]
        self._free = _without_pools(compiled)

    @property
    def factors(self) -> Flow:
        return self._compiled.factors

    @property
    def compiled(self) -> CompiledModel:
        return self._compiled

    @property
    def outlay(self) -> Draws:
        """What is paid at the start."""
        return self._initial

    @cached_property
    def pv_benefits(self) -> Draws:
        compiled = self._compiled
        weights = (compiled.driver_profiles @ compiled.factors) * compiled.benefit_weights
        free = self._free
        total: Draws = self._claims[:, free] @ weights[free]
        for pool in self._pools:
            total = total + pool.present_value(compiled.factors)
        return total

    @cached_property
    def pv_costs(self) -> Draws:
        compiled = self._compiled
        discounted: Draws = self._initial + self._recurring @ (compiled.cost_profiles @ compiled.factors)
        return discounted

    @cached_property
    def npv(self) -> Draws:
        return self.pv_benefits - self.pv_costs

    @cached_property
    def net(self) -> Table:
        """The net flow, a column a period from 0."""
        compiled = self._compiled
        free = self._free
        weighted = compiled.driver_profiles[free] * compiled.benefit_weights[free, np.newaxis]
        flow: Table = self._claims[:, free] @ weighted - self._recurring @ compiled.cost_profiles
        flow[:, 0] -= self._initial
        for pool in self._pools:
            flow[:, 1:] += pool.by_period()
        return flow


class _PooledBenefits:
    """The benefits of one pool's drivers, limited in every draw and period by what the pool holds.

    Periods in which the drivers' profiles are the same are limited alike, so each such group is computed
    once.
    """

    def __init__(self, compiled: CompiledModel, pool: PoolGroup, claims: Table, annual: Draws) -> None:
        profiles = compiled.driver_profiles[pool.drivers, 1:]
        distinct, group = np.unique(profiles, axis=1, return_inverse=True)
        self._group = group.reshape(-1)
        weights = compiled.benefit_weights[pool.drivers, np.newaxis]
        gains, losses = np.maximum(claims, 0), np.minimum(claims, 0)
        claimed = gains @ distinct
        available = np.maximum(annual, 0)[:, np.newaxis] * compiled.share_of_year
        kept = np.ones_like(claimed)
        np.divide(available, claimed, out=kept, where=claimed > available)
        self._benefits = (gains @ (distinct * weights)) * kept + losses @ (distinct * weights)

    def present_value(self, factors: Flow) -> Draws:
        worth = np.bincount(self._group, weights=factors[1:], minlength=self._benefits.shape[1])
        total: Draws = self._benefits @ worth
        return total

    def by_period(self) -> Table:
        return self._benefits[:, self._group]


def _without_pools(compiled: CompiledModel) -> NDArray[np.bool_]:
    free = np.ones(len(compiled.captures), dtype=np.bool_)
    for pool in compiled.pools:
        free[pool.drivers] = False
    return free
