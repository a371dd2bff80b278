"""What success plans, their periods and their measurements look like from outside."""

from datetime import date
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from services.amplifier.domain.lifecycle import PeriodState, PlanState
from services.amplifier.domain.measurement_rows import MOST_ROWS, MeasurementRow
from services.amplifier.domain.yardstick import Figure
from services.schemas.base import Currency, DecimalText, Document, Id, Key, Label, Timestamp
from services.schemas.commitments import Commitment
from services.schemas.money import Money
from services.schemas.periods import Period as Span
from services.schemas.problem import FieldError

NEW_PLAN: dict[str, Any] = {
    "service_desk": {
        "summary": "One commitment over the four quarters of a year",
        "value": {
            "contract_id": "0192f0c1-7a00-7000-8000-000000000001",
            "name": "Service desk assistant for Nordwerk",
            "owner": "sam",
            "model_id": "01935b2c-7a50-7c4e-9b1a-3f6d2e8c4a10",
            "version_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
            "periods": [
                {"key": "2026-Q1", "start": "2026-01-01", "end": "2026-04-01"},
                {"key": "2026-Q2", "start": "2026-04-01", "end": "2026-07-01"},
                {"key": "2026-Q3", "start": "2026-07-01", "end": "2026-10-01"},
                {"key": "2026-Q4", "start": "2026-10-01", "end": "2027-01-01"},
            ],
            "commitments": [
                {
                    "id": "0192f0c1-7a00-7000-8000-000000000002",
                    "key": "less_routine",
                    "label": "Fewer tickets need an agent",
                    "driver_key": "agent_time",
                    "metric": "deflection_rate",
                    "unit": "ratio",
                    "direction": "increase",
                    "baseline": "0.02",
                    "target": "0.15",
                    "tolerance": "0.1",
                    "due_period": "2026-Q4",
                    "measured_by": "The service desk's own monthly export.",
                    "committed": ["36000.00", "72000.00", "108000.00", "144000.00"],
                }
            ],
        },
    }
}

CSV_EXAMPLE = "metric,month,value,unit,recorded_on\ndeflection_rate,2026-02,0.09,ratio,2026-03-03\n"


class SuccessPlanSummary(Document):
    """A success plan. It is `fetching` until its model's version was fetched from the architect, and then
    `active`, or `refused` if it cannot be measured by that."""

    id: Id
    revision: int
    contract_id: Id
    account_id: Id | None
    name: Label
    owner: str
    state: PlanState
    model_id: Id
    version_hash: str
    currency: Currency
    time_zone: str
    created_at: Timestamp
    updated_at: Timestamp


class SuccessPlan(SuccessPlanSummary):
    """A success plan with what it promises. `findings` say why it was refused; `ramp_starts` on which day
    each driver began to work, by the acceptance of a milestone."""

    periods: tuple[Span, ...]
    commitments: tuple[Commitment, ...]
    findings: tuple[FieldError, ...]
    ramp_starts: dict[Key, date]


class PeriodSummary(Document):
    """A period; `revision` is what `If-Match` takes, in quotes. `restatement_due` says that measurements came
    after its figures were published."""

    key: str
    start: date
    end: date
    revision: int
    state: PeriodState
    requested_by: str | None
    closed_by: str | None
    closed_at: Timestamp | None
    restatement_due: bool


class AllPeriods(Document):
    """All periods of a plan, in their order."""

    items: tuple[PeriodSummary, ...]


class Superseded(Document):
    """Figures that were published, until a restatement replaced them."""

    until: Timestamp
    figures: Annotated[tuple[Figure, ...], Field(strict=False)]


class PeriodDetail(PeriodSummary):
    """A period with its figures: those under review or closed, else what is measured so far."""

    figures: tuple[Figure, ...]
    superseded: tuple[Superseded, ...]


class NewMeasurements(Document):
    """Rows of measurements: all are taken, or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rows": [
                        {
                            "metric": "deflection_rate",
                            "month": "2026-01",
                            "value": "0.08",
                            "recorded_on": "2026-02-03",
                        },
                        {
                            "metric": "deflection_rate",
                            "date": "2026-02-27",
                            "value": "0.09",
                            "recorded_on": "2026-03-03",
                        },
                    ]
                }
            ]
        }
    )

    rows: Annotated[tuple[MeasurementRow, ...], Field(strict=False, min_length=1, max_length=MOST_ROWS)]


class Taken(Document):
    """What became of an upload: rows that are new, rows that were known, values that were corrected.

    `reopened` periods were under review; `restatement_due` ones are closed, with figures that no longer hold.
    """

    added: int
    unchanged: int
    corrections: int
    reopened: tuple[str, ...]
    restatement_due: tuple[str, ...]


class Measurement(Document):
    """One reading, as it was recorded."""

    id: Id
    metric: Key
    month: str
    value: DecimalText
    recorded_on: date
    recorded_by: str
    added_at: Timestamp


class RealisedPeriod(Document):
    """A commitment in a period. `realised` and `variance` are null as long as the period was not reviewed;
    `summary` says the variance in words."""

    period: str
    state: PeriodState
    measured: DecimalText | None
    gaps: tuple[str, ...]
    committed: Money
    realised: Money | None
    variance: Money | None
    standing: str | None
    summary: str | None


class RealisedDriver(Document):
    """A commitment over all periods. The sums are those of the closed periods alone."""

    driver_key: Key
    commitment: Key
    label: Label
    metric: Key
    unit: str
    ramp_start: date | None
    committed: Money
    realised: Money
    periods: tuple[RealisedPeriod, ...]


class RealisedValue(Document):
    """Promised and realised, by driver and period."""

    success_plan_id: Id
    items: tuple[RealisedDriver, ...]


class NewProofPoint(Document):
    """The driver whose figure is published."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"driver_key": "agent_time"}]})

    driver_key: Key


class ProofPoint(Document):
    """A published figure: the KPI as last reached, and the value realised in all the periods named."""

    id: Id
    driver_key: Key
    input: Key
    metric: Key
    measured: DecimalText
    realised: Money
    periods: tuple[str, ...]
    published_by: str
    published_at: Timestamp
