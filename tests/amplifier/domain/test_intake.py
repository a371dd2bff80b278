"""What is taken in of an upload: all rows or none, each bad one pointed to."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.amplifier.domain.calendar import Calendar
from services.amplifier.domain.intake import MOST_FINDINGS, BadRows, Desk
from services.amplifier.domain.measurement_rows import BadFile, MeasurementRow, read_csv
from services.amplifier.domain.measurements import Reading
from services.schemas.periods import periods

DESK = Desk(Calendar(periods(date(2026, 1, 1), "quarter", 2)), {"hours": "hours/month"})
KNOWN = [Reading("hours", "2026-01", Decimal(16), date(2026, 2, 3))]


def row(**changes: Any) -> MeasurementRow:
    given = {"metric": "hours", "month": "2026-01", "value": "16", "recorded_on": "2026-02-03", **changes}
    return MeasurementRow.model_validate({name: value for name, value in given.items() if value is not None})


def test_the_same_row_again_changes_nothing() -> None:
    intake = DESK.take([row(), row(value="16.0")], KNOWN)
    assert (intake.added, intake.unchanged, intake.corrections, intake.changed) == ((), 2, 0, frozenset())


def test_a_correction_and_a_new_month_change_their_periods() -> None:
    intake = DESK.take([row(value="15", recorded_on="2026-03-01"), row(month="2026-05")], KNOWN)
    assert (len(intake.added), intake.corrections) == (2, 1)
    assert intake.changed == {"2026-Q1", "2026-Q2"}


def test_a_day_stands_for_its_month() -> None:
    intake = DESK.take([row(month=None, date="2026-02-27")], KNOWN)
    assert [reading.month for reading in intake.added] == ["2026-02"]


@pytest.mark.parametrize(
    ("changes", "pointer", "detail"),
    [
        ({"metric": "mood"}, "/rows/1/metric", "No driver"),
        ({"unit": "hours/day"}, "/rows/1/unit", "in hours/month, not hours/day"),
        ({"month": "2026-07"}, "/rows/1/month", "none of the plan's periods"),
        ({"month": None, "date": "2025-12-31"}, "/rows/1/date", "none of the plan's periods"),
        ({"value": "17"}, "/rows/1/value", "recorded as 16 on 2026-02-03: a correction"),
    ],
    ids=["metric", "unit", "month", "date", "contradiction"],
)
def test_a_bad_row_is_pointed_to(changes: dict[str, Any], pointer: str, detail: str) -> None:
    with pytest.raises(BadRows, match="/rows/1") as bad:
        DESK.take([row(month="2026-02"), row(**changes)], KNOWN)
    [finding] = bad.value.findings
    assert finding.pointer == pointer
    assert detail in finding.detail


def test_two_rows_of_one_upload_do_not_contradict_each_other() -> None:
    with pytest.raises(BadRows, match="/rows/1/value"):
        DESK.take([row(), row(value="17")], [])


def test_findings_are_many_at_most() -> None:
    with pytest.raises(BadRows, match="and 20 more") as bad:
        DESK.take([row(metric="mood")] * (MOST_FINDINGS + 20), [])
    assert len(bad.value.findings) == MOST_FINDINGS


def test_a_file_brings_the_same_rows() -> None:
    content = (
        "\ufeffmonth,metric,value,unit,recorded_on\r\n"
        "2026-01,hours,16,hours/month,2026-02-03\r\n\r\n2026-02,hours,14,,2026-03-03\r\n"
    )
    assert read_csv(content.encode()) == [
        row(unit="hours/month"),
        row(month="2026-02", value="14", recorded_on="2026-03-03"),
    ]


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "names the columns"),
        (b"metric,month\n", "has no row"),
        (b"metric,mood\nhours,good\n", "names the columns: metric, month"),
        (b"metric,metric\nhours,hours\n", "names the columns"),
        (b"\xff\xfe", "not UTF-8 text: byte 0"),
        (b'metric,month\n"hours', "not CSV"),
        (b"metric,month,value,recorded_on\nhours,2026-01,16\n", "/rows/0: The row has 3 cells"),
        (b"metric,month,value,recorded_on\nhours,2026-01,,2026-02-03\n", "/rows/0/value: Field required"),
        (b"metric,month,value,recorded_on\nhours,2026-13,1,2026-02-03\n", "/rows/0/month"),
        (b"metric,month,value,recorded_on\nhours,2026-01,NaN,2026-02-03\n", "/rows/0/value"),
        (b"metric,month,value,recorded_on\nhours,2026-01,1,yesterday\n", "/rows/0/recorded_on"),
        (b"metric,value,recorded_on\nhours,1,2026-02-03\n", "exactly one of month and date"),
        (b"metric,month,value,recorded_on\nhours,2026-01," + b"1" * 300 + b",2026-02-03\n", "200 characters"),
    ],
)
def test_a_bad_file_says_where(content: bytes, detail: str) -> None:
    with pytest.raises(BadFile) as bad:
        read_csv(content)
    assert detail in str(bad.value)
