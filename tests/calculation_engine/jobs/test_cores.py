"""How many cores a process may use."""

import os
from pathlib import Path

import pytest

from services.calculation_engine.jobs.cores import cores

MINE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("max 100000", MINE),
        ("100000 100000", 1),
        ("50000 100000", 1),
        ("9900000 100000", MINE),
        ("150000 100000", min(2, MINE)),
        ("nonsense", MINE),
    ],
)
def test_a_container_s_quota_counts(tmp_path: Path, given: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(given)
    assert cores(tmp_path / "cpu.max") == expected


def test_without_control_groups_all_that_may_be_used_do(tmp_path: Path) -> None:
    assert cores(tmp_path / "cpu.max") == MINE
