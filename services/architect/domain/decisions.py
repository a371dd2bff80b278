"""What may be decided about a hypothesis: a decision may be turned, never repeated."""

from typing import Literal

HypothesisState = Literal["proposed", "accepted", "rejected"]
Decision = Literal["accepted", "rejected"]


class AlreadyDecided(Exception):
    """The hypothesis stands as it is asked to stand."""

    def __init__(self, state: Decision) -> None:
        super().__init__(f"The hypothesis is {state} already.")


def decide(state: HypothesisState, decision: Decision) -> HypothesisState:
    """The state after a decision.

    Raises:
        AlreadyDecided: it is the state before.
    """
    if state == decision:
        raise AlreadyDecided(decision)
    return decision
