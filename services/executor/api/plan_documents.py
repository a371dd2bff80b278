"""What plans, their milestones and their schedules look like from outside."""

from datetime import date
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from services.executor.domain.lifecycle import MilestoneState, PlanState
from services.executor.domain.work import PlanActivity, Progress
from services.schemas.base import Document, Finite, Id, Key, Label, Text, Timestamp

NEW_PLAN: dict[str, Any] = {
    "pumps": {
        "summary": "Two milestones of a predictive maintenance contract",
        "value": {
            "contract_id": "0192f0c1-7a00-7000-8000-000000000001",
            "name": "Predictive maintenance for Nordwerk",
            "owner": "dana",
            "effective_on": "2026-01-01",
            "time_zone": "Europe/Berlin",
            "milestones": [
                {
                    "key": "pilot",
                    "label": "The pilot line runs",
                    "due": "2026-02-27",
                    "term_id": "pilot_fee",
                },
                {
                    "key": "rollout",
                    "label": "All lines run",
                    "due": "2026-06-30",
                    "driver_keys": ["downtime"],
                },
            ],
        },
    }
}


class PlanSummary(Document):
    """A plan; `revision` is what `If-Match` takes, in quotes. `baseline_finish` is the end as last agreed."""

    id: Id
    revision: int
    contract_id: Id
    account_id: Id | None
    name: Label
    owner: str
    state: PlanState
    effective_on: date
    time_zone: str
    holidays: tuple[date, ...]
    baseline_finish: date | None
    created_at: Timestamp
    updated_at: Timestamp


class TrackedActivity(PlanActivity):
    """An activity and how far it is."""

    progress: Progress


class Plan(PlanSummary):
    """A plan with its activities."""

    activities: tuple[TrackedActivity, ...]


class Milestone(Document):
    """A milestone; `expected_on` is when its last activity will be done by the last schedule, and it is
    `at_risk` if that is after `due`. `reason` says why it was rejected or is blocked."""

    id: Id
    revision: int
    plan_id: Id
    key: Key
    label: Label
    due: date
    driver_keys: tuple[Key, ...]
    commitment_ids: tuple[Id, ...]
    term_id: Key | None
    state: MilestoneState
    expected_on: date | None
    at_risk: bool
    reason: str | None
    delivered_by: str | None
    delivered_at: Timestamp | None
    accepted_by: str | None
    accepted_on: date | None


class AllMilestones(Document):
    """All milestones of a plan, in its order."""

    items: tuple[Milestone, ...]


class Acceptance(Document):
    """The local day of the acceptance in the contract's time zone: today if it is left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    accepted_on: Annotated[date | None, Field(strict=False)] = None


class Because(Document):
    """Why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "Two of the five lines send no readings yet."}]}
    )

    reason: Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1)]


class DatedActivity(Document):
    """An activity on the calendar. Points are working days from the plan's first day; dates are those on
    which it did or should start and finish, and the latest ones that keep the plan's end."""

    key: Key
    label: Label | None
    milestone: Key | None
    percent: Finite
    duration: Finite
    early_start: Finite
    early_finish: Finite
    late_start: Finite
    late_finish: Finite
    total_float: Finite
    free_float: Finite
    critical: bool
    starts_on: date
    finishes_on: date
    latest_start_on: date
    latest_finish_on: date


class DatedMilestone(Document):
    """A milestone against its schedule: by how many days of the calendar it is late (negative: early), if any
    activity leads to it."""

    key: Key
    label: Label
    state: MilestoneState
    due: date
    expected_on: date | None
    late_by_days: int | None


class PlanSchedule(Document):
    """The schedule of a plan; `duration` in working days, `finishes_on` null while nothing is planned."""

    plan_id: Id
    revision: int
    duration: Finite
    starts_on: date
    finishes_on: date | None
    baseline_finish: date | None
    critical_path: tuple[Key, ...]
    activities: tuple[DatedActivity, ...]
    milestones: tuple[DatedMilestone, ...]
