"""Random pricing terms, for what computes them."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from services.schemas.terms import GainShare

_rates = st.integers(0, 10_000).map(lambda points: Decimal(points).scaleb(-4))
_amounts = st.integers(0, 10**8).map(lambda cents: Decimal(cents).scaleb(-2))
_rising = st.lists(_amounts, min_size=1, max_size=4, unique=True).map(sorted)


@st.composite
def gain_shares(draw: st.DrawFn) -> GainShare:
    """By share, by marginal or by whole tiers, with whatever limits, in amounts of two decimals."""
    fields: dict[str, Any] = {}
    match draw(st.sampled_from(["share", "marginal", "whole"])):
        case "share":
            fields["share"] = draw(_rates)
        case "marginal":
            tops = [*draw(_rising), None]
            fields["marginal_tiers"] = [{"up_to": top, "rate": draw(_rates)} for top in tops]
        case _:
            fields["whole_tiers"] = [{"from_gain": low, "rate": draw(_rates)} for low in draw(_rising)]
    floor, cap = sorted((draw(_amounts), draw(_amounts)))
    if draw(st.booleans()):
        fields["holdback"] = draw(_rates)
        if draw(st.booleans()):
            fields["earn_back"] = {"committed_gain": draw(_amounts), "at_least": draw(_rates)}
    return GainShare.model_validate(
        {
            "kind": "gain_share",
            "key": "share",
            "label": "Share of the gain",
            "commitments": ["saved"],
            "floor_per_period": draw(st.sampled_from([None, floor])),
            "cap_per_period": draw(st.sampled_from([None, cap])),
            "rounding": draw(st.sampled_from(["half_even", "half_up", "down"])),
            "order": draw(st.permutations(["round", "floor", "cap"])),
            **fields,
        }
    )
