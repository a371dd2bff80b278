"""Strategies: terms, gains and restatements of made-up contracts in euro."""

from decimal import Decimal
from typing import Any, Literal

from hypothesis import strategies as st

from services.schemas.terms import (
    DEFAULT_ORDER,
    GainShare,
    MarginalTier,
    MilestonePayment,
    Subscription,
    WholeTier,
)

Step = Literal["round", "floor", "cap"]
DIGITS = 2
PERIODS = 4

cents = st.integers(0, 10**9).map(lambda units: Decimal(units).scaleb(-DIGITS))
gains = st.lists(
    st.integers(-(10**10), 10**10).map(lambda units: Decimal(units).scaleb(-DIGITS)),
    min_size=PERIODS,
    max_size=PERIODS,
)
ratios = st.integers(0, 10**6).map(lambda units: Decimal(units).scaleb(-6))


@st.composite
def _tiers(draw: st.DrawFn) -> dict[str, Any]:
    tops: list[Decimal | None] = [*sorted(draw(st.sets(cents, max_size=3)))]
    return {"marginal_tiers": tuple(MarginalTier(up_to=top, rate=draw(ratios)) for top in [*tops, None])}


@st.composite
def _whole(draw: st.DrawFn) -> dict[str, Any]:
    starts = sorted(draw(st.sets(cents, min_size=1, max_size=3)))
    return {"whole_tiers": tuple(WholeTier(from_gain=start, rate=draw(ratios)) for start in starts)}


def _three(steps: list[Step]) -> tuple[Step, ...]:
    return tuple(steps)


fee_rules = st.one_of(ratios.map(lambda share: {"share": share}), _tiers(), _whole())


@st.composite
def gain_shares(draw: st.DrawFn, *, limited: bool = True) -> GainShare:
    """A gain share by any rule; with floor and cap, or without."""
    bounds = sorted(draw(st.tuples(cents, cents))) if limited and draw(st.booleans()) else [None, None]
    return GainShare(
        kind="gain_share",
        key="gain_share",
        label="Gain share",
        commitments=("saved",),
        floor_per_period=bounds[0],
        cap_per_period=bounds[1],
        holdback=draw(st.none() | ratios),
        rounding=draw(st.sampled_from(["half_even", "half_up", "down"])),
        order=draw(st.permutations(DEFAULT_ORDER).map(_three)),
        **draw(fee_rules),
    )


SUBSCRIPTION = Subscription(
    kind="subscription", key="subscription", label="Subscription", amount_per_period=Decimal("2500.00")
)
GO_LIVE = MilestonePayment.model_validate(
    {
        "kind": "milestone",
        "key": "go_live_fee",
        "label": "Go-live",
        "milestone": "go_live",
        "amount": "10000.00",
        "due": "2026-05-01",
    }
)
