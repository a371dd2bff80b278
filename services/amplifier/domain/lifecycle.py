"""The lives of a success plan and of its periods, as two tables, and the rule of four eyes.

    fetching --activate--> active --terminate--> terminated
       |                     |
       +--refuse--> refused  |
       |               |     |
       +----cancel-----+-----+--> cancelled

    open --request_review--> in_review --close--> closed --restate--> restated --restate--> …
      ^                          |
      +---------reopen-----------+

A measurement that changes a period under review reopens it: nobody closes figures that no longer hold. One
that comes when the period is closed makes a restatement due.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

PlanState = Literal["fetching", "active", "refused", "terminated", "cancelled"]
PlanAction = Literal["activate", "refuse", "terminate", "cancel"]
PeriodState = Literal["open", "in_review", "closed", "restated"]
PeriodAction = Literal["request_review", "reopen", "close", "restate"]

PLAN_TRANSITIONS: Mapping[tuple[PlanState, PlanAction], PlanState] = {
    ("fetching", "activate"): "active",
    ("fetching", "refuse"): "refused",
    ("fetching", "terminate"): "terminated",
    ("active", "terminate"): "terminated",
    ("refused", "terminate"): "terminated",
    ("fetching", "cancel"): "cancelled",
    ("active", "cancel"): "cancelled",
    ("refused", "cancel"): "cancelled",
}

PERIOD_TRANSITIONS: Mapping[tuple[PeriodState, PeriodAction], PeriodState] = {
    ("open", "request_review"): "in_review",
    ("in_review", "reopen"): "open",
    ("in_review", "close"): "closed",
    ("closed", "restate"): "restated",
    ("restated", "restate"): "restated",
}

# What is closed stays closed: its figures have gone to others.
CLOSED: frozenset[PeriodState] = frozenset({"closed", "restated"})
# What may change them all the same; the settlements of a terminated contract are corrected too.
CORRECTIONS = frozenset({"measurements", "restate"})


class NotAllowed(Exception):
    """The state, or who asks, does not allow the action.

    NotAllowed
     ├── WrongState
     ├── OutOfOrder
     ├── NothingToRestate
     └── SamePerson
    """


class WrongState(NotAllowed):
    """The state has no such action."""

    def __init__(self, thing: Literal["success plan", "period"], state: str, action: str) -> None:
        super().__init__(
            f"A {thing} that is {state.replace('_', ' ')} does not allow: {action.replace('_', ' ')}."
        )


class OutOfOrder(NotAllowed):
    """The period before is not closed yet."""

    def __init__(self) -> None:
        super().__init__("Periods are closed in their order: the one before is not closed yet.")


class NothingToRestate(NotAllowed):
    """No measurement has changed since the period was closed, or restated last."""

    def __init__(self) -> None:
        super().__init__("Nothing has changed since the period's figures were published.")


class SamePerson(NotAllowed):
    """It takes somebody else than who brought the figures."""


def plan_after(state: PlanState, action: PlanAction) -> PlanState:
    """Raises:
    WrongState: a plan in this state has no such action.
    """
    try:
        return PLAN_TRANSITIONS[state, action]
    except KeyError:
        raise WrongState("success plan", state, action) from None


def require_open_to(state: PlanState, action: str) -> None:
    """Raises:
    WrongState: the plan has no model yet, or is over. What corrects published figures is heard even then.
    """
    if state != "active" and not (state == "terminated" and action in CORRECTIONS):
        raise WrongState("success plan", state, action)


@dataclass(frozen=True, slots=True)
class PeriodLife:
    """A period as far as its life goes; `corrected_by` brought measurements that its figures do not hold."""

    state: PeriodState = "open"
    requested_by: str | None = None
    closed_by: str | None = None
    corrected_by: frozenset[str] = frozenset()

    def request_review(self, by: str) -> "PeriodLife":
        """Raises:
        WrongState: it is under review, or closed.
        """
        return replace(self, state=self._after("request_review"), requested_by=by)

    def measured(self, by: str) -> "PeriodLife":
        """After a measurement has changed what is known of the period."""
        if self.state == "in_review":
            return replace(self, state=self._after("reopen"), requested_by=None)
        if self.state in CLOSED:
            return replace(self, corrected_by=self.corrected_by | {by})
        return self

    def close(self, by: str, *, before: PeriodState | None) -> "PeriodLife":
        """`before` is the state of the period before; None for the first.

        Raises:
            WrongState: it is not under review.
            SamePerson: `by` asked for the review.
            OutOfOrder: the period before is not closed.
        """
        state = self._after("close")
        if by == self.requested_by:
            raise SamePerson("Closing takes a second person: whoever asked for the review does not close.")
        if before is not None and before not in CLOSED:
            raise OutOfOrder
        return replace(self, state=state, closed_by=by)

    def restate(self, by: str) -> "PeriodLife":
        """Raises:
        WrongState: it is not closed.
        NothingToRestate: no measurement has changed.
        SamePerson: `by` brought a measurement that changes it.
        """
        state = self._after("restate")
        if not self.corrected_by:
            raise NothingToRestate
        if by in self.corrected_by:
            raise SamePerson("A restatement takes a second person: whoever brought the correction does not.")
        return replace(self, state=state, corrected_by=frozenset())

    def _after(self, action: PeriodAction) -> PeriodState:
        try:
            return PERIOD_TRANSITIONS[self.state, action]
        except KeyError:
            raise WrongState("period", self.state, action) from None
