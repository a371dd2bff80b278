"""The work of a plan: its activities, the milestones they lead to, and how far each one is."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from services.schemas.base import Document, Finite, Key
from services.schemas.network import Network, NetworkActivity
from services.schemas.network_order import CannotSchedule
from services.schemas.problem import FieldError

DONE = 100.0

Holiday = Annotated[date, Field(strict=False)]

_EXAMPLE: JsonDict = {
    "holidays": ["2026-05-01"],
    "activities": [
        {"key": "install", "label": "Install the sensors", "duration": 10, "milestone": "pilot"},
        {
            "key": "train",
            "label": "Train the crew",
            "duration": 5,
            "milestone": "pilot",
            "links": [{"predecessor": "install", "kind": "SS", "lag": 5}],
        },
    ],
}


class PlanActivity(NetworkActivity):
    """An activity of the plan; it leads to `milestone`, which is expected when the last that does is done."""

    milestone: Key | None = None


class PlanNetwork(Document):
    """The work of a plan, in working days: Monday to Friday but for the `holidays`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    activities: Annotated[tuple[PlanActivity, ...], Field(strict=False, min_length=1, max_length=2000)]
    holidays: Annotated[tuple[Holiday, ...], Field(strict=False, max_length=1000)] = ()

    @property
    def network(self) -> Network:
        return Network(activities=self.activities)


class Progress(Document):
    """How far an activity is: its share done in percent, and the local days on which it began and ended.

    What is under way or done names its start; what is done, and only that, its end.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"percent": 40, "actual_start": "2026-01-05"}]})

    percent: Annotated[Finite, Field(ge=0, le=DONE)] = 0.0
    actual_start: Annotated[date | None, Field(strict=False)] = None
    actual_finish: Annotated[date | None, Field(strict=False)] = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.percent > 0 and self.actual_start is None:
            raise PydanticCustomError("actual_start", "what is under way has an actual_start")
        if (self.percent == DONE) != (self.actual_finish is not None):
            raise PydanticCustomError("actual_finish", "what is done, and only that, has an actual_finish")
        if self.actual_start and self.actual_finish and self.actual_finish < self.actual_start:
            raise PydanticCustomError("actual_finish", "an activity ends after it starts")
        return self

    @property
    def begun(self) -> bool:
        return self.actual_start is not None


def require_known_milestones(plan: PlanNetwork, milestones: Sequence[str]) -> None:
    """Raises:
    CannotSchedule: an activity leads to a milestone that the plan does not have.
    """
    findings = list(_unknown(plan, frozenset(milestones)))
    if findings:
        raise CannotSchedule(findings)


def _unknown(plan: PlanNetwork, known: frozenset[str]) -> Iterator[FieldError]:
    for number, activity in enumerate(plan.activities):
        if activity.milestone is not None and activity.milestone not in known:
            detail = f"The plan has no milestone {activity.milestone}."
            yield FieldError(pointer=f"/activities/{number}/milestone", detail=detail)
