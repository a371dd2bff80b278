"""What Grafana's panels show of containers, and the same worked out from what Prometheus had read."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.infra.dashboards import QUERIES
from tests.stack.engine import Stack, eventually

WINDOW_S = 300
# Two readings of everything.
READ_WITHIN_S = 60.0
NEAR = 1e-6


@dataclass(frozen=True)
class Series:
    """One series over the window: its labels, and when which value was read."""

    labels: Mapping[str, str]
    read_at: Sequence[float]
    values: Sequence[float]

    @property
    def increase(self) -> float:
        """How much was counted between the first and the last reading; a restart begins at zero."""
        return sum(now - before if now >= before else now for before, now in pairwise(self.values))

    def rate(self, at: float) -> float:
        """Prometheus's `rate` over the window that ends at a time: the increase a second, carried on to the
        window's ends where a further reading cannot be far, but not to before zero."""
        if len(self.values) < 2:
            return 0.0
        sampled = self.read_at[-1] - self.read_at[0]
        between = sampled / (len(self.read_at) - 1)
        before, after = self.read_at[0] - (at - WINDOW_S), at - self.read_at[-1]
        if self.increase > 0:
            before = min(before, sampled * self.values[0] / self.increase)
        reach = sampled + sum(gap if gap < between * 1.1 else between / 2 for gap in (before, after))
        return self.increase * reach / sampled / WINDOW_S


class Panels:
    """The panels' queries, put to the stack's Prometheus, with a window of five minutes for rates."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def shown(
        self, dashboard: str, panel: str, legend: str | None = None, *, at: float | None = None
    ) -> dict[str, float]:
        """A panel's values, by those of their labels in the order of the labels' names."""
        (query,) = [
            each
            for each in QUERIES
            if (each.dashboard, each.panel) == (dashboard, panel) and legend in {None, each.legend}
        ]
        rows = self.asked(query.expression.replace("[1m]", f"[{WINDOW_S}s]"), at)
        return {
            " ".join(value for name, value in sorted(row["metric"].items()) if name != "__name__"): float(
                row["value"][1]
            )
            for row in rows
        }

    def become(self, dashboard: str, panel: str, expected: Callable[[], dict[str, float]]) -> None:
        """Returns when a panel shows exactly what is so at that time."""
        seen: list[Any] = []

        def is_shown() -> bool:
            seen[:] = [self.shown(dashboard, panel), expected()]
            return bool(seen[0] == seen[1])

        try:
            eventually(is_shown, within_s=READ_WITHIN_S)
        except AssertionError:
            raise AssertionError(f"{panel} shows {seen[0]}, not {seen[1]}") from None

    def now(self) -> float:
        """A time as Prometheus takes it, in whole milliseconds."""
        return round(time.time(), 3)

    def series(self, selector: str, at: float) -> list[Series]:
        """Every series over the window that ends at a time."""
        return [
            Series(row["metric"], *zip(*((float(t), float(v)) for t, v in row["values"]), strict=True))
            for row in self.asked(f"{selector}[{WINDOW_S}s]", at)
        ]

    def rates(self, selector: str, at: float, *labels: str) -> dict[str, float]:
        """The rates of series, summed up by labels."""
        total: defaultdict[str, float] = defaultdict(float)
        for each in self.series(selector, at):
            total[" ".join(each.labels[label] for label in labels)] += each.rate(at)
        return dict(total)

    def increase(self, selector: str, at: float) -> float:
        """How much series counted together."""
        return sum(each.increase for each in self.series(selector, at))

    def recorded(self, rule: str, **labels: str) -> tuple[float, float]:
        """When a rule last recorded a series with these labels, and what; long ago, NaN if it never did."""
        matchers = ",".join(f'{name}="{value}"' for name, value in labels.items())
        rows = self.asked(f"{rule}{{{matchers}}}[1m]")
        at, value = rows[0]["values"][-1] if rows else (0.0, math.nan)
        return float(at), float(value)

    def asked(self, expression: str, at: float | None = None) -> list[Any]:
        when = {} if at is None else {"time": f"{at:.3f}"}
        found = self._stack.get("PROMETHEUS_PORT", "/api/v1/query", query=expression, **when)["data"]
        result: list[Any] = found["result"]
        return result


def same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether both show as much of the same."""
    return one.keys() == other.keys() and all(
        math.isclose(one[label], other[label], rel_tol=NEAR) for label in one
    )
