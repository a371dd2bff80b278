"""Activity networks: what the executor schedules and the engine simulates; one document, one table of cases
that both pass (`schemas.cases.NETWORKS`).

Durations and lags are in working days. A network knows no calendar: its time zero is the start of the plan.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import Document, Finite, Key, Label

LinkKind = Literal["FS", "SS", "FF", "SF"]
Days = Annotated[Finite, Field(ge=0, le=10_000)]


class Link(Document):
    """A dependency on a predecessor: the successor starts (S) or finishes (F) no earlier than `lag` after the
    predecessor's finish (FS, FF) or start (SS, SF). A negative lag is a lead."""

    predecessor: Key
    kind: LinkKind = "FS"
    lag: Annotated[Finite, Field(ge=-10_000, le=10_000)] = 0.0


class ThreePoint(Document):
    """An estimate of a duration: best, most likely and worst."""

    optimistic: Days
    most_likely: Days
    pessimistic: Days

    @model_validator(mode="after")
    def _ordered(self) -> "ThreePoint":
        if not self.optimistic <= self.most_likely <= self.pessimistic:
            raise PydanticCustomError("three_point", "optimistic <= most likely <= pessimistic is expected")
        return self


class NetworkActivity(Document):
    """One activity; a duration of 0 makes it an event. `estimate` serves simulation alone."""

    key: Key
    label: Label | None = None
    duration: Days
    estimate: ThreePoint | None = None
    links: Annotated[tuple[Link, ...], Field(strict=False, max_length=200)] = ()


class Network(Document):
    """Activities and the links between them."""

    activities: Annotated[tuple[NetworkActivity, ...], Field(strict=False, min_length=1, max_length=2000)]


class ScheduledActivity(Document):
    """An activity's times as points on the network's axis (early finish = early start + duration).

    `total_float` is by how much it may slip without moving the end, `free_float` without moving any other.
    """

    key: Key
    early_start: Finite
    early_finish: Finite
    late_start: Finite
    late_finish: Finite
    total_float: Finite
    free_float: Finite
    critical: bool


class Schedule(Document):
    """The critical path method's answer. `critical_path` lists the activities without float, in order."""

    duration: Finite
    activities: Annotated[tuple[ScheduledActivity, ...], Field(strict=False)]
    critical_path: Annotated[tuple[Key, ...], Field(strict=False)]
