"""The lives of a plan and of a milestone, as two tables, and the rule of four eyes.

    planned --activate--> active --complete--> completed
       |                    |
       +------cancel--------+--> cancelled

    planned --start--> in_progress --deliver--> delivered --accept--> accepted
       |                 |      ^                   |
       +----block----> blocked  +--resume-- rejected <--reject--+
                         |      |
                         +------+  resume

What nobody reported as started may be delivered all the same.
"""

from collections.abc import Mapping
from typing import Literal

PlanState = Literal["planned", "active", "completed", "cancelled"]
PlanAction = Literal["activate", "complete", "cancel"]
MilestoneState = Literal["planned", "in_progress", "blocked", "delivered", "accepted", "rejected"]
MilestoneAction = Literal["start", "block", "resume", "deliver", "accept", "reject"]

PLAN_TRANSITIONS: Mapping[tuple[PlanState, PlanAction], PlanState] = {
    ("planned", "activate"): "active",
    ("active", "complete"): "completed",
    ("planned", "cancel"): "cancelled",
    ("active", "cancel"): "cancelled",
}

MILESTONE_TRANSITIONS: Mapping[tuple[MilestoneState, MilestoneAction], MilestoneState] = {
    ("planned", "start"): "in_progress",
    ("planned", "deliver"): "delivered",
    ("planned", "block"): "blocked",
    ("in_progress", "block"): "blocked",
    ("in_progress", "deliver"): "delivered",
    ("blocked", "resume"): "in_progress",
    ("delivered", "accept"): "accepted",
    ("delivered", "reject"): "rejected",
    ("rejected", "resume"): "in_progress",
}

OPEN_PLANS: frozenset[PlanState] = frozenset({"planned", "active"})
# What is still to be delivered: only these can be late.
OPEN_MILESTONES: frozenset[MilestoneState] = frozenset({"planned", "in_progress", "blocked", "rejected"})


class NotAllowed(Exception):
    """The state, or who asks, does not allow the action.

    NotAllowed
     ├── WrongState
     └── SamePerson
    """


class WrongState(NotAllowed):
    """The state has no such action."""

    def __init__(self, thing: Literal["plan", "milestone"], state: str, action: str) -> None:
        super().__init__(f"A {thing} that is {state.replace('_', ' ')} does not allow: {action}.")


class SamePerson(NotAllowed):
    """Acceptance takes somebody who did not deliver it."""

    def __init__(self) -> None:
        super().__init__(
            "Acceptance takes a second person: whoever delivered a milestone does not accept it."
        )


def plan_after(state: PlanState, action: PlanAction) -> PlanState:
    """Raises:
    WrongState: a plan in this state has no such action.
    """
    try:
        return PLAN_TRANSITIONS[state, action]
    except KeyError:
        raise WrongState("plan", state, action) from None


def require_open(state: PlanState, action: str) -> None:
    """Raises:
    WrongState: work on the plan is over.
    """
    if state not in OPEN_PLANS:
        raise WrongState("plan", state, action)


def milestone_after(state: MilestoneState, action: MilestoneAction) -> MilestoneState:
    """Raises:
    WrongState: a milestone in this state has no such action.
    """
    try:
        return MILESTONE_TRANSITIONS[state, action]
    except KeyError:
        raise WrongState("milestone", state, action) from None


def require_second_person(delivered_by: str | None, by: str) -> None:
    """Raises:
    SamePerson: `by` delivered it.
    """
    if by == delivered_by:
        raise SamePerson
