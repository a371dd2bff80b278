"""The lives of plans and periods: every path that the tables allow, driven at random, and four eyes."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.amplifier.domain.lifecycle import (
    CLOSED,
    PERIOD_TRANSITIONS,
    PLAN_TRANSITIONS,
    NotAllowed,
    NothingToRestate,
    OutOfOrder,
    PeriodLife,
    PlanState,
    SamePerson,
    WrongState,
    plan_after,
    require_open_to,
)

PEOPLE = st.sampled_from(["sam", "grace", "kai"])
PLACES = st.integers(0, 2)


class PeriodsLife(RuleBasedStateMachine):
    """Three periods, against a model of what was published, by whom, and who has changed it since."""

    def __init__(self) -> None:
        super().__init__()
        self.periods = [PeriodLife()] * 3
        self.ever_closed = [False] * 3
        self.correctors: list[set[str]] = [set(), set(), set()]

    def _try(self, place: int, change: object, *arguments: str, **named: object) -> bool:
        before = self.periods[place]
        try:
            self.periods[place] = change(*arguments, **named)  # type: ignore[operator]  # a bound method
        except NotAllowed:
            assert self.periods[place] == before
            return False
        self._only_as_the_table_says(before, self.periods[place])
        return True

    def _only_as_the_table_says(self, before: PeriodLife, after: PeriodLife) -> None:
        steps = {(source, target) for (source, _), target in PERIOD_TRANSITIONS.items()}
        assert before.state == after.state or (before.state, after.state) in steps

    @rule(place=PLACES, by=PEOPLE)
    def request_review(self, place: int, by: str) -> None:
        was = self.periods[place].state
        assert self._try(place, self.periods[place].request_review, by) == (was == "open")

    @rule(place=PLACES, by=PEOPLE)
    def measured(self, place: int, by: str) -> None:
        was = self.periods[place].state
        assert self._try(place, self.periods[place].measured, by)
        if was in CLOSED:
            self.correctors[place].add(by)
        else:
            assert self.periods[place].state == "open"

    @rule(place=PLACES, by=PEOPLE)
    def close(self, place: int, by: str) -> None:
        period = self.periods[place]
        before = self.periods[place - 1].state if place else None
        allowed = (
            period.state == "in_review" and by != period.requested_by and (before is None or before in CLOSED)
        )
        assert self._try(place, period.close, by, before=before) == allowed
        self.ever_closed[place] |= allowed

    @rule(place=PLACES, by=PEOPLE)
    def restate(self, place: int, by: str) -> None:
        period = self.periods[place]
        correctors = self.correctors[place]
        allowed = period.state in CLOSED and bool(correctors) and by not in correctors
        assert self._try(place, period.restate, by) == allowed
        if allowed:
            self.correctors[place] = set()

    @invariant()
    def what_was_closed_stays_closed(self) -> None:
        assert [each.state in CLOSED for each in self.periods] == self.ever_closed

    @invariant()
    def two_people_stand_behind_every_closed_period(self) -> None:
        for each in self.periods:
            if each.state in CLOSED:
                assert None not in {each.requested_by, each.closed_by}
                assert each.requested_by != each.closed_by

    @invariant()
    def periods_are_closed_in_their_order(self) -> None:
        assert self.ever_closed == sorted(self.ever_closed, reverse=True)

    @invariant()
    def it_is_known_who_changed_published_figures(self) -> None:
        assert [each.corrected_by for each in self.periods] == self.correctors


class PlansLife(RuleBasedStateMachine):
    """A plan: whatever is tried, only what the table allows happens, and its ends are ends."""

    @initialize()
    def begin(self) -> None:
        self.state: PlanState = "fetching"

    @rule(action=st.sampled_from(["activate", "refuse", "terminate", "cancel"]))
    def step(self, action: str) -> None:
        before = self.state
        try:
            self.state = plan_after(before, action)  # type: ignore[arg-type]  # drawn from the actions
        except WrongState:
            assert (before, action) not in PLAN_TRANSITIONS
        else:
            assert before not in {"cancelled", "terminated"}

    @invariant()
    def only_an_active_plan_is_worked_on_and_a_terminated_one_corrected(self) -> None:
        for action in ("close", "restate"):
            open_to = {"active", "terminated"} if action == "restate" else {"active"}
            try:
                require_open_to(self.state, action)
            except WrongState:
                assert self.state not in open_to
            else:
                assert self.state in open_to


TestPeriodsLife = PeriodsLife.TestCase
TestPlansLife = PlansLife.TestCase


def test_each_refusal_says_why() -> None:
    reviewed = PeriodLife().request_review("sam")
    with pytest.raises(WrongState, match="in review does not allow: request review"):
        reviewed.request_review("kai")
    with pytest.raises(SamePerson, match="second person"):
        reviewed.close("sam", before=None)
    with pytest.raises(OutOfOrder, match="the one before"):
        reviewed.close("grace", before="in_review")
    closed = reviewed.close("grace", before=None)
    with pytest.raises(NothingToRestate):
        closed.restate("grace")
    with pytest.raises(SamePerson, match="correction"):
        closed.measured("grace").restate("grace")
    with pytest.raises(WrongState, match="fetching does not allow: measurements"):
        require_open_to("fetching", "measurements")
