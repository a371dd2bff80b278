"""The measurements' file, in the parts that were known by a day."""

import csv
import io

from services.launcher.demo.people import EXAMPLE, example
from services.launcher.demo.success import recorded_by


def rows(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content)))


def test_the_closings_load_every_row_once() -> None:
    loaded, before = [], ""
    for closing in example("success.json")["closings"]:
        loaded += rows(recorded_by(closing["on"], after=before))
        before = closing["on"]
    everything = rows((EXAMPLE / "measurements.csv").read_text("utf-8"))
    assert sorted(map(str, loaded)) == sorted(map(str, everything))


def test_what_was_written_down_on_the_day_itself_is_known() -> None:
    assert {row["recorded_on"] for row in rows(recorded_by("2025-02-03"))} == {"2025-02-03"}
    assert rows(recorded_by("2025-02-03", after="2025-02-03")) == []
