"""Laws of settlement: no cent is created or lost, whatever is restated, in whichever order."""

from collections.abc import Sequence, Set
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.committer.domain.settlement import OPENING, Facts, Line, claims, label, statement
from services.schemas.terms import GainShare, Term
from tests.committer.domain.terms import DIGITS, GO_LIVE, PERIODS, SUBSCRIPTION, gain_shares, gains

Restatement = tuple[int, Decimal]

restatements = st.lists(
    st.tuples(
        st.integers(0, PERIODS - 1),
        st.integers(-(10**10), 10**10).map(lambda units: Decimal(units).scaleb(-2)),
    ),
    max_size=6,
    unique_by=lambda one: one[0],
)


class _Ledger:
    """A contract that is settled period by period."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = terms
        self.issued: list[Line] = []

    def settle(
        self,
        known: Sequence[Decimal],
        closed: int,
        *,
        closing: int | None,
        accepted: int | None = None,
        restated: Set[int] = frozenset(),
    ) -> list[Line]:
        facts = Facts(
            periods=PERIODS,
            closed=closed,
            gains={term.key: known for term in self.terms if isinstance(term, GainShare)},
            accepted={} if accepted is None else {"go_live": accepted},
        )
        claimed = claims(self.terms, facts, DIGITS)
        lines = statement(self.terms, claimed, self.issued, closing=closing, restated=restated)
        self.issued += lines
        return lines

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.issued), Decimal(0))


def _settled(term: GainShare, first: Sequence[Decimal], changes: Sequence[Restatement]) -> _Ledger:
    """All periods settled as first known, then each change by itself."""
    ledger, known = _Ledger([SUBSCRIPTION, term]), list(first)
    ledger.settle(known, 0, closing=OPENING)
    for period in range(PERIODS):
        ledger.settle(known, period + 1, closing=period)
    for period, gain in changes:
        known[period] = gain
        ledger.settle(known, PERIODS, closing=None, restated={period})
    return ledger


@given(gain_shares(), gains, restatements, st.randoms(use_true_random=False))
def test_restatements_lead_to_the_same_total_in_whichever_order(
    term: GainShare, first: list[Decimal], changes: list[Restatement], random: object
) -> None:
    shuffled = sorted(changes, key=lambda _: random.random())  # type: ignore[attr-defined]  # Hypothesis's
    known = list(first)
    for period, gain in changes:
        known[period] = gain
    at_once = _settled(term, known, [])
    assert _settled(term, first, changes).total == at_once.total
    assert _settled(term, first, shuffled).total == at_once.total


@given(gain_shares(), gains)
def test_nothing_restated_is_nothing_corrected(term: GainShare, known: list[Decimal]) -> None:
    assert not any(line.is_correction for line in _settled(term, known, []).issued)


@given(gain_shares(), gains)
def test_what_was_held_back_is_released_to_the_cent(term: GainShare, known: list[Decimal]) -> None:
    ledger = _settled(term, known, [])
    parts = [line.amount for line in ledger.issued if line.place.part in {"holdback", "release"}]
    assert sum(parts, Decimal(0)) == 0


def test_a_milestone_is_paid_in_the_period_of_its_acceptance() -> None:
    ledger = _Ledger([GO_LIVE])
    assert ledger.settle([], 1, closing=0) == []
    (line,) = ledger.settle([], 2, closing=1, accepted=1)
    assert (line.place.period, line.amount, line.is_correction) == (1, GO_LIVE.amount, False)
    assert ledger.settle([], 3, closing=2, accepted=1) == []


def test_an_acceptance_in_a_settled_period_is_charged_late_and_once() -> None:
    ledger = _Ledger([SUBSCRIPTION, GO_LIVE])
    ledger.settle([], 0, closing=OPENING)
    ledger.settle([], 1, closing=0)
    charge, late = ledger.settle([], 2, closing=1, accepted=0)
    assert not charge.is_correction
    assert (late.place.period, late.is_correction) == (0, True)
    assert label(late, ledger.terms, "2026-Q1") == "Late charge 2026-Q1: Go-live"
    assert len(ledger.settle([], 3, closing=2, accepted=0)) == 1


def test_a_subscription_is_billed_in_advance() -> None:
    ledger = _Ledger([SUBSCRIPTION])
    for closing in range(OPENING, PERIODS - 1):
        (line,) = ledger.settle([], closing + 1, closing=closing)
        assert (line.place.period, line.amount) == (closing + 1, SUBSCRIPTION.amount_per_period)
        assert not line.is_correction
    assert ledger.settle([], PERIODS, closing=PERIODS - 1) == []
    assert ledger.settle([], PERIODS, closing=None) == []


def test_a_subscription_that_was_billed_too_late_is_made_up_for_once() -> None:
    ledger = _Ledger([SUBSCRIPTION])
    first, second = ledger.settle([], 1, closing=0)
    assert [(each.place.period, each.is_correction) for each in (first, second)] == [(1, False), (0, True)]
    assert [each.place.period for each in ledger.settle([], 2, closing=1)] == [2]


def test_a_label_says_what_it_is_of_which_period() -> None:
    term = GainShare(
        kind="gain_share", key="shared", label="x" * 200, commitments=("saved",), share=Decimal("0.1")
    )
    ledger = _Ledger([term])
    ledger.settle([Decimal(100)], 1, closing=0)
    _, true_up = ledger.settle([Decimal(200), Decimal(0)], 2, closing=1, restated={0})
    assert label(true_up, [term], "2026-Q1").startswith("True-up 2026-Q1: xxx")
    assert len(label(true_up, [term], "2026-Q1")) == 200
