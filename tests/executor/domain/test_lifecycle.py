"""The lives of plans and milestones: random walks over every action do what the tables say, and no more."""

from typing import get_args

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.executor.domain.lifecycle import (
    MILESTONE_TRANSITIONS,
    PLAN_TRANSITIONS,
    MilestoneAction,
    MilestoneState,
    NotAllowed,
    PlanAction,
    PlanState,
    SamePerson,
    milestone_after,
    plan_after,
    require_open,
    require_second_person,
)

PEOPLE = st.sampled_from(["ada", "ben", "cyd"])


class Delivery(RuleBasedStateMachine):
    """A plan with two milestones, as the service moves them: only in an open plan, completed by the last."""

    def __init__(self) -> None:
        super().__init__()
        self.plan: PlanState = "planned"
        self.milestones: list[MilestoneState] = ["planned", "planned"]
        self.delivered_by: list[str | None] = [None, None]
        self.accepted_by: list[str | None] = [None, None]

    @rule(number=st.integers(0, 1), action=st.sampled_from(get_args(MilestoneAction)), by=PEOPLE)
    def act(self, number: int, action: MilestoneAction, by: str) -> None:
        before = self.milestones[number]
        try:
            require_open(self.plan, action)
            after = milestone_after(before, action)
            if action == "accept":
                require_second_person(self.delivered_by[number], by)
        except NotAllowed:
            closed = self.plan in {"completed", "cancelled"}
            same = action == "accept" and by == self.delivered_by[number]
            assert closed or same or (before, action) not in MILESTONE_TRANSITIONS
            return
        self.milestones[number] = after
        self._note(number, action, by)

    def _note(self, number: int, action: MilestoneAction, by: str) -> None:
        if action == "deliver":
            self.delivered_by[number] = by
        if action == "accept":
            self.accepted_by[number] = by
        if self.plan == "planned":
            self.plan = plan_after(self.plan, "activate")
        if set(self.milestones) == {"accepted"}:
            self.plan = plan_after(self.plan, "complete")

    # Not before something was delivered: most plans would end before anything had happened.
    @precondition(lambda self: self.plan == "active" and "delivered" in self.milestones)
    @rule()
    def cancel(self) -> None:
        self.plan = plan_after(self.plan, "cancel")

    @precondition(lambda self: self.plan in {"completed", "cancelled"})
    @rule(action=st.sampled_from(get_args(PlanAction)))
    def nothing_moves_a_closed_plan(self, action: PlanAction) -> None:
        with pytest.raises(NotAllowed):
            plan_after(self.plan, action)

    @invariant()
    def a_completed_plan_has_everything_accepted(self) -> None:
        assert self.plan != "completed" or set(self.milestones) == {"accepted"}

    @invariant()
    def what_is_accepted_had_two_people(self) -> None:
        for state, delivered, accepted in zip(
            self.milestones, self.delivered_by, self.accepted_by, strict=True
        ):
            if state == "accepted":
                assert delivered is not None
                assert accepted is not None
                assert delivered != accepted


TestDelivery = Delivery.TestCase


def test_what_nobody_has_begun_is_cancelled_too() -> None:
    assert plan_after("planned", "cancel") == "cancelled"


def test_every_state_is_reached_and_only_the_last_are_final() -> None:
    assert {*PLAN_TRANSITIONS.values(), "planned"} == set(get_args(PlanState))
    assert {*MILESTONE_TRANSITIONS.values(), "planned"} == set(get_args(MilestoneState))
    assert set(get_args(PlanState)) - {state for state, _ in PLAN_TRANSITIONS} == {"completed", "cancelled"}
    assert set(get_args(MilestoneState)) - {state for state, _ in MILESTONE_TRANSITIONS} == {"accepted"}


def test_whoever_delivered_does_not_accept() -> None:
    with pytest.raises(SamePerson):
        require_second_person("ada", "ada")
    require_second_person("ada", "ben")


def test_a_refusal_names_state_and_action() -> None:
    with pytest.raises(NotAllowed, match="in progress does not allow: accept"):
        milestone_after("in_progress", "accept")
    with pytest.raises(NotAllowed, match="cancelled does not allow: deliver"):
        require_open("cancelled", "deliver")
