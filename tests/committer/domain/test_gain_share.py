"""Laws of the fee: what holds for every gain and every rule."""

from decimal import Decimal

from hypothesis import given

from services.committer.domain.gain_share import fees, held_back
from services.schemas.terms import GainShare
from tests.committer.domain.terms import DIGITS, gain_shares, gains


def _is_whole(amount: Decimal) -> bool:
    return amount == amount.quantize(Decimal("0.01"))


@given(gain_shares(), gains)
def test_a_fee_is_in_whole_cents_and_between_floor_and_cap(term: GainShare, given: list[Decimal]) -> None:
    for gain, fee in zip(given, fees(term, given, DIGITS), strict=True):
        assert _is_whole(fee)
        assert fee >= 0
        assert term.cap_per_period is None or fee <= term.cap_per_period
        assert gain < 0 or term.floor_per_period is None or fee >= term.floor_per_period
        assert gain >= 0 or fee == 0


@given(gain_shares(limited=False), gains)
def test_a_period_never_changes_those_before_it(term: GainShare, given: list[Decimal]) -> None:
    whole = fees(term, given, DIGITS)
    for closed in range(len(given) + 1):
        assert fees(term, given[:closed], DIGITS) == whole[:closed]


@given(gain_shares(limited=False), gains)
def test_marginal_tiers_cost_what_the_highest_gain_so_far_costs_at_once(
    term: GainShare, given: list[Decimal]
) -> None:
    if not term.marginal_tiers:
        return
    total, highest = Decimal(0), Decimal(0)
    for gain in given:
        total += gain
        highest = max(highest, total)
    assert sum(fees(term, given, DIGITS)) == fees(term, [highest], DIGITS)[0]


@given(gain_shares(), gains)
def test_what_is_held_back_is_a_part_of_the_fee(term: GainShare, given: list[Decimal]) -> None:
    for fee in fees(term, given, DIGITS):
        part = held_back(term, fee, DIGITS)
        assert _is_whole(part)
        assert 0 <= part <= fee
