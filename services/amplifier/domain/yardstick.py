"""By what a plan is measured: its model, its periods and its commitments, and what follows from readings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from services.amplifier.domain.calendar import length_in_months, months_of
from services.amplifier.domain.measurements import Aggregate, Latest, aggregate
from services.amplifier.domain.standing import Standing, standing
from services.schemas.base import DecimalText, Document, Id, Key, Label
from services.schemas.commitments import Commitment
from services.schemas.evaluation import Evaluation
from services.schemas.money import Money, rounded
from services.schemas.periods import Period
from services.schemas.value_model import MONTHS, Driver, Kpi, ValueModel


class Figure(Document):
    """What one commitment brought in one period, or would bring as far as it is known.

    `measured` is the KPI's aggregate over the period, in `unit`, null where nothing was measured; `gaps` are
    the months without a reading. `realised` is null as long as nobody has reviewed the period, and zero where
    nothing was measured; `standing` goes with it, and is null in periods after the due one.
    """

    commitment_id: Id
    commitment: Key
    label: Label
    driver_key: Key
    metric: Key
    unit: str
    measured: DecimalText | None
    gaps: Annotated[tuple[str, ...], Field(strict=False)]
    committed: Money
    realised: Money | None
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Question:
    """What the engine is asked for a driver: its line, with `input` replaced by what was measured."""

    driver_key: str
    input: str
    measured: Decimal


@dataclass(frozen=True, slots=True)
class Yardstick:
    """By what a plan is measured; places of periods count from 0."""

    model: ValueModel
    periods: Sequence[Period]
    commitments: Sequence[Commitment]

    @property
    def units(self) -> dict[str, str]:
        """Every metric that the model's drivers are measured by, with its unit."""
        return {driver.kpi.metric: driver.kpi.unit for driver in self.model.drivers if driver.kpi}

    def place_of(self, period: str) -> int:
        """Raises:
        StopIteration: the plan has no such period.
        """
        return next(place for place, each in enumerate(self.periods) if each.key == period)

    def questions(self, place: int, known: Latest) -> Iterator[Question]:
        """What is to be evaluated for a period: each driver of which something was measured, once."""
        for driver, kpi in self._measured_drivers():
            found = self._aggregate(kpi, place, known)
            if found.measured is not None:
                yield Question(driver.key, kpi.input, found.measured)

    def value(self, evaluation: Evaluation, driver_key: str, place: int) -> Money:
        """What a driver brings in a period by an evaluation at its full effect (the KPI as measured tells how
        far it has come), rounded once, half-even, to minor units.

        A model's longer periods count evenly for the plan's shorter ones, its shorter ones are added up.
        """
        line = next(line for line in evaluation.periods.drivers if line.key == driver_key)
        flows = [Decimal(repr(amount)) for amount in line.risk_adjusted[1:]]
        modelled, wanted = MONTHS[evaluation.period_length], length_in_months(self.periods[place])
        if modelled >= wanted:
            parts = modelled // wanted
            exact = flows[place // parts] / parts
        else:
            size = wanted // modelled
            exact = sum(flows[place * size : (place + 1) * size], Decimal(0))
        return rounded(exact, evaluation.currency)

    def unreviewed(self, place: int, known: Latest) -> tuple[Figure, ...]:
        """The figures of a period as far as they are known without the engine."""
        return tuple(self._figure(each, place, known) for each in self.commitments)

    def figures(self, place: int, known: Latest, realised: Mapping[str, Money]) -> tuple[Figure, ...]:
        """The figures of a period; a driver of which nothing was measured has realised nothing."""
        nothing = rounded(Decimal(0), self.model.currency)
        return tuple(
            self._valued(each, place, known, realised.get(each.driver_key, nothing))
            for each in self.commitments
        )

    def _valued(self, commitment: Commitment, place: int, known: Latest, realised: Money) -> Figure:
        figure = self._figure(commitment, place, known)
        stands = standing(
            commitment,
            place=place,
            due=self.place_of(commitment.due_period),
            measured=figure.measured,
            committed=figure.committed.amount,
            realised=realised.amount,
        )
        return figure.model_copy(update={"realised": realised, "standing": stands})

    def _figure(self, commitment: Commitment, place: int, known: Latest) -> Figure:
        kpi = next(kpi for driver, kpi in self._measured_drivers() if driver.key == commitment.driver_key)
        found = self._aggregate(kpi, place, known)
        return Figure(
            commitment_id=commitment.id,
            commitment=commitment.key,
            label=commitment.label,
            driver_key=commitment.driver_key,
            metric=kpi.metric,
            unit=kpi.unit,
            measured=found.measured,
            gaps=found.gaps,
            committed=rounded(commitment.committed[place], self.model.currency),
            realised=None,
            standing=None,
        )

    def _aggregate(self, kpi: Kpi, place: int, known: Latest) -> Aggregate:
        return aggregate(kpi.aggregation, kpi.metric, months_of(self.periods[place]), known)

    def _measured_drivers(self) -> Iterator[tuple[Driver, Kpi]]:
        promised = {commitment.driver_key for commitment in self.commitments}
        for driver in self.model.drivers:
            if driver.key in promised and driver.kpi is not None:
                yield driver, driver.kpi
