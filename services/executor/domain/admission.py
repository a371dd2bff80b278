"""Which plans are taken on: what the executor refuses of `CreatePlan`, and why."""

from collections.abc import Iterator

from services.schemas.commands import CreatePlan
from services.schemas.problem import FieldError
from services.schemas.time_zone import is_time_zone

# What a calendar of some centuries around today holds; beyond it dates no longer add up.
_YEARS = range(1970, 2201)


class Inadmissible(Exception):
    """The plan is not taken on; `findings` point into the command, `reason` says the same in a sentence."""

    def __init__(self, findings: list[FieldError]) -> None:
        self.reason = " ".join(finding.detail for finding in findings)
        self.findings = findings
        super().__init__(self.reason)


def require_admissible(command: CreatePlan) -> None:
    """Raises:
    Inadmissible: the zone is unknown, a milestone stands twice, or one is due before the contract begins.
    """
    findings = [*_about_time(command), *_about_milestones(command)]
    if findings:
        raise Inadmissible(findings)


def _about_time(command: CreatePlan) -> Iterator[FieldError]:
    if not is_time_zone(command.time_zone):
        yield FieldError(pointer="/time_zone", detail=f"There is no time zone {command.time_zone}.")
    if command.effective_on.year not in _YEARS:
        detail = f"A plan takes effect between {_YEARS.start} and {_YEARS.stop - 1}."
        yield FieldError(pointer="/effective_on", detail=detail)


def _about_milestones(command: CreatePlan) -> Iterator[FieldError]:
    seen: set[str] = set()
    for number, milestone in enumerate(command.milestones):
        place = f"/milestones/{number}"
        if milestone.key in seen:
            yield FieldError(pointer=f"{place}/key", detail=f"There are two milestones {milestone.key}.")
        if milestone.due < command.effective_on:
            detail = f"Milestone {milestone.key} is due before the contract takes effect."
            yield FieldError(pointer=f"{place}/due", detail=detail)
        seen.add(milestone.key)
