"""What a contract says: its calendar, what it promises, what it charges for, and what it delivers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, TypeAdapter

from services.schemas.base import DecimalText
from services.schemas.commands import PlannedMilestone
from services.schemas.commitments import Commitment
from services.schemas.periods import Period, periods
from services.schemas.terms import GainShare, Term
from services.schemas.value_model import PeriodLength


class Promise(Commitment):
    """A commitment in a contract's periods, with what its driver is worth in each at the KPI's baseline: the
    gain is what was realised above that."""

    at_baseline: Annotated[tuple[DecimalText, ...], Field(strict=False, min_length=1)]

    @property
    def commitment(self) -> Commitment:
        """The commitment as others know it."""
        return Commitment.model_validate(self.model_dump(exclude={"at_baseline"}))


TERMS: TypeAdapter[tuple[Term, ...]] = TypeAdapter(tuple[Term, ...])
PROMISES: TypeAdapter[tuple[Promise, ...]] = TypeAdapter(tuple[Promise, ...])
MILESTONES: TypeAdapter[tuple[PlannedMilestone, ...]] = TypeAdapter(tuple[PlannedMilestone, ...])


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a contract counts: from `effective_on`, a local day in its zone, by so many periods."""

    effective_on: date
    time_zone: str
    length: PeriodLength
    count: int

    @property
    def periods(self) -> list[Period]:
        return periods(self.effective_on, self.length, self.count)

    def place_of(self, key: str) -> int | None:
        """The place (from 0) of the period with this key."""
        keys = [period.key for period in self.periods]
        return keys.index(key) if key in keys else None

    def place_at(self, day: date) -> int:
        """The place of the period in which a local day falls; the first or the last beyond the contract."""
        for place, period in enumerate(self.periods):
            if day < period.end:
                return place
        return self.count - 1


@dataclass(frozen=True, slots=True)
class Agreement:
    """The content of a contract."""

    calendar: Calendar
    promises: tuple[Promise, ...]
    terms: tuple[Term, ...]
    milestones: tuple[PlannedMilestone, ...]

    @property
    def committed_value(self) -> Decimal:
        """Everything that is promised over all periods."""
        return sum((amount for promise in self.promises for amount in promise.committed), Decimal(0))

    def gains_of(self, term: GainShare, realised: Sequence[dict[str, Decimal]]) -> list[Decimal]:
        """The gain of each closed period over the commitments that a term covers: what was realised (by the
        commitments' keys) less what the same drivers are worth at their baselines. What nobody measured
        brought no gain."""
        covered = [promise for promise in self.promises if promise.key in term.commitments]
        return [
            sum(
                (values[p.key] - p.at_baseline[place] for p in covered if p.key in values),
                Decimal(0),
            )
            for place, values in enumerate(realised)
        ]
