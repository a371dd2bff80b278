"""Events that the executor emits."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from services.schemas.base import Id, Key, Label, Text
from services.schemas.events.base import EventPayload


class _PlanEvent(EventPayload):
    plan_id: Id
    contract_id: Id
    name: Label
    owner: str


class PlanCreated(_PlanEvent):
    """A contract's delivery plan was made."""

    event_type: ClassVar[str] = "executor.plan.created.v1"


class PlanRebaselined(_PlanEvent):
    """The plan's dates were agreed anew."""

    event_type: ClassVar[str] = "executor.plan.rebaselined.v1"

    rebaselined_by: str
    finish: date = Field(strict=False)


class PlanCompleted(_PlanEvent):
    """Every milestone is accepted."""

    event_type: ClassVar[str] = "executor.plan.completed.v1"


class PlanCancelled(_PlanEvent):
    """The plan was cancelled: its contract was not activated, or was terminated."""

    event_type: ClassVar[str] = "executor.plan.cancelled.v1"


class _MilestoneEvent(_PlanEvent):
    milestone_id: Id
    milestone: Key
    label: Label


class MilestoneAtRisk(_MilestoneEvent):
    """By the schedule the milestone will be late."""

    event_type: ClassVar[str] = "executor.milestone.at-risk.v1"

    due: date = Field(strict=False)
    expected: date = Field(strict=False)


class MilestoneBlocked(_MilestoneEvent):
    """Work on the milestone cannot go on, and why."""

    event_type: ClassVar[str] = "executor.milestone.blocked.v1"

    blocked_by: str
    reason: Text


class MilestoneAccepted(_MilestoneEvent):
    """The customer accepted a milestone on a local day: its payment is due, its drivers' ramps start."""

    event_type: ClassVar[str] = "executor.milestone.accepted.v1"

    accepted_on: date = Field(strict=False)
    accepted_by: str
    driver_keys: Annotated[tuple[Key, ...], Field(strict=False)]
    term_id: Key | None


class MilestoneRejected(_MilestoneEvent):
    """The customer rejected what was delivered, and why."""

    event_type: ClassVar[str] = "executor.milestone.rejected.v1"

    rejected_by: str
    reason: Text
