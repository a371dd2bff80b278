"""The committer's decimals and the engine's float64 say the same of every term, not only of the cases."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.calculation_engine.domain import pricing
from services.committer.domain.settlement import Facts, claims
from services.schemas.terms import GainShare
from tests.pricing_terms import gain_shares

gains_by_period = st.lists(
    st.integers(-(10**8), 10**9).map(lambda cents: Decimal(cents).scaleb(-2)), min_size=1, max_size=8
)


@settings(max_examples=300)
@given(gain_shares(), gains_by_period)
def test_a_share_of_the_gain(term: GainShare, gains: list[Decimal]) -> None:
    claimed = claims([term], Facts(len(gains), len(gains), {term.key: gains}, {}), 2)
    table = np.array([[float(gain)] for gain in gains])
    charges = pricing.gain_share(term, table, 2)
    for part in ("charge", "holdback", "release"):
        wanted = [0.0] * len(gains)
        for place, amount in claimed.items():
            if place.part == part:
                wanted[place.period] = float(amount)
        assert getattr(charges, part)[:, 0].tolist() == pytest.approx(wanted, abs=1e-9, rel=0)
