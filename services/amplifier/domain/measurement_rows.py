"""Rows of measurements, as JSON brings them and as a CSV file does."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import DecimalText, Document, Key
from services.schemas.problem import FieldError
from services.schemas.value_model import Unit

MOST_ROWS = 5000
LARGEST_VALUE = 10**15
_LONGEST_CELL = 200

Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Value = Annotated[DecimalText, Field(ge=-LARGEST_VALUE, le=LARGEST_VALUE, max_digits=27, decimal_places=12)]


class MeasurementRow(Document):
    """One reading of a metric: of a `month` ("2026-03"), or on a `date` within it, exactly one of them.

    A later `recorded_on` for the same metric and month corrects what was recorded before. `unit`, if given,
    is compared with the KPI's.
    """

    metric: Key
    month: Month | None = None
    date: Annotated[dt.date | None, Field(strict=False)] = None
    value: Value
    unit: Unit | None = None
    recorded_on: Annotated[dt.date, Field(strict=False)]

    @model_validator(mode="after")
    def _one_time(self) -> "MeasurementRow":
        if (self.month is None) == (self.date is None):
            raise PydanticCustomError("one_of", "give exactly one of month and date")
        return self


class BadFile(Exception):
    """A file that is no table of measurements; `findings` point to its rows, from 0 without the header."""

    def __init__(self, detail: str, findings: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.findings = findings


def read_csv(content: bytes) -> list[MeasurementRow]:
    """The rows of a UTF-8 CSV file whose header names the fields of a row, in any order.

    Raises:
        BadFile: it is not such a file, or one of its rows is wrong.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"The file is not UTF-8 text: byte {error.start}.") from None
    try:
        return _rows(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadFile(f"The file is not CSV: {error}.") from None


def _rows(lines: Iterator[list[str]]) -> list[MeasurementRow]:
    header = next(lines, [])
    unknown = sorted(set(header) - MeasurementRow.model_fields.keys())
    if unknown or len(set(header)) != len(header) or not header:
        raise BadFile(f"The first line names the columns: {', '.join(MeasurementRow.model_fields)}.")
    rows: list[MeasurementRow] = []
    findings: list[FieldError] = []
    for number, cells in enumerate(line for line in lines if line):
        if number >= MOST_ROWS:
            raise BadFile(f"A file may have {MOST_ROWS} rows.")
        try:
            rows.append(_row(header, cells))
        except ValidationError as error:
            findings += _pointing_to(number, error)
        except ValueError as error:
            findings.append(FieldError(pointer=f"/rows/{number}", detail=str(error)))
    if findings:
        raise BadFile("; ".join(f"{each.pointer}: {each.detail}" for each in findings[:3]), tuple(findings))
    if not rows:
        raise BadFile("The file has no row.")
    return rows


def _row(header: list[str], cells: list[str]) -> MeasurementRow:
    if len(cells) != len(header):
        raise ValueError(f"The row has {len(cells)} cells, and the header {len(header)}.")
    filled: dict[str, Any] = {
        name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()
    }
    if any(len(cell) > _LONGEST_CELL for cell in filled.values()):
        raise ValueError(f"A cell may have {_LONGEST_CELL} characters.")
    return MeasurementRow.model_validate(filled)


def _pointing_to(number: int, error: ValidationError) -> Iterator[FieldError]:
    for each in error.errors(include_url=False, include_input=False):
        place = "".join(f"/{step}" for step in each["loc"])
        yield FieldError(pointer=f"/rows/{number}{place}", detail=each["msg"])
