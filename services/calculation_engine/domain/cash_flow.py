"""From annual amounts to the cash flow by line and period, at one point."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.calculation_engine.domain.compiled import CompiledModel, PoolGroup
from services.calculation_engine.domain.discounting import Flow


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the formulas gave: one number a driver, a cost, a pool in use."""

    drivers: Flow
    initial: Flow
    recurring: Flow
    pools: Flow


@dataclass(frozen=True, slots=True)
class PoolUse:
    """How a pool was drawn on, by period: what its drivers claimed together, and what it held."""

    pool: PoolGroup
    claimed: Flow
    available: Flow

    @property
    def exceeded(self) -> Flow:
        """By how much the claims exceed the pool, period by period."""
        return np.maximum(self.claimed - self.available, 0)


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Rows are lines, columns periods from 0. `amounts` is what it was laid out from. `claimed` is
    `driver_gross` after capture, `realisable` is what the pools leave of it, `benefits` that after risk
    adjustment; `costs` are after theirs, and positive."""

    amounts: Amounts
    driver_gross: Flow
    claimed: Flow
    realisable: Flow
    benefits: Flow
    cost_gross: Flow
    costs: Flow
    pools: tuple[PoolUse, ...]


def cash_flow(compiled: CompiledModel, amounts: Amounts) -> CashFlow:
    """Lays the amounts out over the periods and applies capture, pools and risk adjustments."""
    gross = amounts.drivers[:, np.newaxis] * compiled.driver_profiles
    claimed = gross * compiled.captures[:, np.newaxis]
    uses = tuple(
        _use(compiled, pool, claimed, annual)
        for pool, annual in zip(compiled.pools, amounts.pools, strict=True)
    )
    realisable = _limited(claimed, [use for use in uses if (use.claimed > use.available).any()])
    cost_gross = amounts.recurring[:, np.newaxis] * compiled.cost_profiles
    cost_gross[:, 0] += amounts.initial
    return CashFlow(
        amounts=amounts,
        driver_gross=gross,
        claimed=claimed,
        realisable=realisable,
        benefits=realisable * compiled.benefit_weights[:, np.newaxis],
        cost_gross=cost_gross,
        costs=cost_gross * compiled.cost_weights[:, np.newaxis],
        pools=uses,
    )


def _use(compiled: CompiledModel, pool: PoolGroup, claimed: Flow, annual: float) -> PoolUse:
    available = np.full(claimed.shape[1], max(annual, 0.0) * compiled.share_of_year)
    available[0] = 0
    return PoolUse(pool, np.maximum(claimed[pool.drivers], 0).sum(axis=0), available)


def _limited(claimed: Flow, uses: Sequence[PoolUse]) -> Flow:
    """Where claims exceed a pool, cuts each positive one in the same proportion; a loss stays a loss."""
    if not uses:
        return claimed
    realisable = claimed.copy()
    for use in uses:
        kept = np.ones_like(use.claimed)
        np.divide(use.available, use.claimed, out=kept, where=use.claimed > use.available)
        rows = realisable[use.pool.drivers]
        realisable[use.pool.drivers] = np.where(rows > 0, rows * kept, rows)
    return realisable
