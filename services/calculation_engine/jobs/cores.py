"""How many cores this process may use: those that it may run on, within what its container is given."""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup/cpu.max")


def cores(cgroup: Path = _CGROUP) -> int:
    """At least one; a share of a core counts as one."""
    return max(1, min(_allowed(), _given(cgroup)))


def _allowed() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _given(cgroup: Path) -> int:
    """By "quota period" of control groups, version 2: so much time in each period, or "max"."""
    try:
        quota, period = cgroup.read_text().split()
        return _allowed() if quota == "max" else math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return _allowed()
