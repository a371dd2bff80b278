"""A decision may be turned, never repeated."""

import pytest

from services.architect.domain.decisions import AlreadyDecided, Decision, HypothesisState, decide


@pytest.mark.parametrize(
    ("state", "decision"),
    [
        ("proposed", "accepted"),
        ("proposed", "rejected"),
        ("accepted", "rejected"),
        ("rejected", "accepted"),
    ],
)
def test_what_may_be_decided(state: HypothesisState, decision: Decision) -> None:
    assert decide(state, decision) == decision


@pytest.mark.parametrize("decision", ["accepted", "rejected"])
def test_the_same_again_is_refused(decision: Decision) -> None:
    with pytest.raises(AlreadyDecided, match=f"is {decision} already"):
        decide(decision, decision)
