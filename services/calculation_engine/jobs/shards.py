"""Shards: the aligned ranges of draws that a job is cut into, and under which key a range's part is kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from services.calculation_engine import domain
from services.calculation_engine.domain.part import EXACT
from services.calculation_engine.jobs.operations import SIMULATIONS, Operation

SHARD = EXACT
"""Draws of a shard. Larger samples keep no single draws, so that a shard's part is small; one that fits into
a shard is computed to its answer where it is."""

BEGUN_S = 10.0
"""For so long a shard is taken for begun after its replica last said so."""

KEPT_S = 3600.0
"""A part that nobody fetches is kept for so long."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The draws of a job from `start` up to before `stop`, to be computed by this build of the engine."""

    tenant: UUID
    job_id: UUID
    start: int
    stop: int
    build: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Where the parts of a job are kept: by build, job (which stands for the model, seed and sampler) and
    range. Whoever merges a part forgets it, so that no two jobs share one."""

    prefix: str

    @staticmethod
    def of(tenant: UUID, job_id: UUID) -> "Keys":
        return Keys(f"calculation_engine:shards:{tenant}:{build()}:{job_id}")

    def part(self, start: int, stop: int) -> str:
        return f"{self.prefix}:{start}-{stop}"

    def begun(self, start: int) -> str:
        """There while somebody computes this shard."""
        return f"{self.prefix}:{start}:begun"

    def attempts(self, start: int) -> str:
        """How often somebody has begun this shard."""
        return f"{self.prefix}:{start}:attempts"

    @property
    def merged(self) -> str:
        """What the job's coordinator has merged so far."""
        return f"{self.prefix}:merged"


def ranges(operation: Operation[Any, Any], draws: int) -> Sequence[tuple[int, int]]:
    """The shards of so many draws.

    Simulations alone may have more draws than a shard. The documents of other requests allow an eighth of
    one, so that each is a shard whose work its bounds keep to minutes; they spread over replicas job by job.
    """
    if operation is not SIMULATIONS:
        return [(0, draws)]
    return [(start, min(start + SHARD, draws)) for start in range(0, draws, SHARD)]


@cache
def build() -> str:
    """What tells apart engines whose parts may differ: its own source, NumPy's version, and the last digits
    of what it computes here, which differ between kinds of processors. Reads files."""
    digest = hashlib.sha256(version("numpy").encode())
    probe = np.linspace(0.01, 5.0, 4099)
    for found in (np.exp(probe), np.log(probe), np.log1p(probe), np.power(probe, 1.7), probe.sum()):
        digest.update(found.tobytes())
    for path in sorted(Path(domain.__path__[0]).rglob("*.*")):
        if path.suffix in {".py", ".txt"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
