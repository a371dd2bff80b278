"""How rows and forecasts become the documents of the API."""

from collections.abc import Sequence
from datetime import date

from services.executor.api.plan_documents import (
    DatedActivity,
    DatedMilestone,
    Milestone,
    Plan,
    PlanSchedule,
    PlanSummary,
    TrackedActivity,
)
from services.executor.domain.forecast import Effort, Expected, Forecast
from services.executor.store.activities import ActivityRow
from services.executor.store.milestones import MilestoneRow
from services.executor.store.plans import PlanRow


def summary(plan: PlanRow) -> PlanSummary:
    return PlanSummary(
        id=plan.id,
        revision=plan.version,
        contract_id=plan.contract_id,
        account_id=plan.account_id,
        name=plan.name,
        owner=plan.owner,
        state=plan.life,
        effective_on=plan.effective_on,
        time_zone=plan.time_zone,
        holidays=tuple(plan.holidays),
        baseline_finish=plan.baseline_finish,
        created_at=plan.created_at,
        updated_at=plan.updated_at,
    )


def full(plan: PlanRow, activities: Sequence[ActivityRow]) -> Plan:
    shown = tuple(tracked(each.effort) for each in activities)
    return Plan(**dict(summary(plan)), activities=shown)


def tracked(effort: Effort) -> TrackedActivity:
    return TrackedActivity(**dict(effort.activity), progress=effort.progress)


def milestone(row: MilestoneRow) -> Milestone:
    return Milestone(
        id=row.id,
        revision=row.version,
        plan_id=row.plan_id,
        key=row.key,
        label=row.label,
        due=row.due,
        driver_keys=tuple(row.driver_keys),
        commitment_ids=tuple(row.commitment_ids),
        term_id=row.term_id,
        state=row.life,
        expected_on=row.expected_on,
        at_risk=row.at_risk,
        reason=row.reason,
        delivered_by=row.delivered_by,
        delivered_at=row.delivered_at,
        accepted_by=row.accepted_by,
        accepted_on=row.accepted_on,
    )


def schedule(plan: PlanRow, found: Forecast, milestones: Sequence[MilestoneRow]) -> PlanSchedule:
    return PlanSchedule(
        plan_id=plan.id,
        revision=plan.version,
        duration=found.duration,
        starts_on=plan.working_days.start(0),
        finishes_on=found.finish,
        baseline_finish=plan.baseline_finish,
        critical_path=found.critical_path,
        activities=tuple(map(_dated, found.activities)),
        milestones=tuple(_against_due(row, found.milestone(row.key)) for row in milestones),
    )


def _dated(each: Expected) -> DatedActivity:
    scheduled, activity = each.scheduled, each.effort.activity
    return DatedActivity(
        **dict(scheduled),
        label=activity.label,
        milestone=activity.milestone,
        percent=each.effort.progress.percent,
        duration=scheduled.early_finish - scheduled.early_start,
        starts_on=each.start,
        finishes_on=each.finish,
        latest_start_on=each.late_start,
        latest_finish_on=each.late_finish,
    )


def _against_due(row: MilestoneRow, expected: date | None) -> DatedMilestone:
    """An accepted milestone came when it was accepted; any other comes when the schedule says."""
    coming = row.accepted_on or expected
    return DatedMilestone(
        key=row.key,
        label=row.label,
        state=row.life,
        due=row.due,
        expected_on=coming,
        late_by_days=None if coming is None else (coming - row.due).days,
    )
