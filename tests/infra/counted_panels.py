"""Work of every kind, and what panels must show of its rates and durations, by what the test counted."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from services.chassis.clock import SystemClock
from services.chassis.ids import new_id
from services.chassis.inbox import Consumer
from services.chassis.runtime import Runtime
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.directory import SERVICES
from services.schemas.envelope import Envelope
from tests.harness.platform import Company
from tests.harness.waiting import eventually
from tests.infra.dashboards import query
from tests.infra.live import WITHIN_S, values_of
from tests.servers.prometheus import PrometheusServer

# So short that readings fill it: Prometheus then carries all series on to its ends alike. Work is given for
# as long as the comparison takes.
_WINDOW_S = 5
_READ_S_AGO = 1.0  # nothing of that time is still being read
_PACE_S = 0.3
_NEAR = 1e-9
_SENT_AGO = timedelta(seconds=7)  # in the bucket that ends at ten
_TYPES = ("amplifier.period.closed.v1", "executor.milestone.accepted.v1")
_COMMITTER = SERVICES["committer"].name


def _slowest(what: str) -> tuple[str, str]:
    """What nineteen in twenty do not exceed, by the shorter durations and by the longer."""
    shorter, longer = (
        f"increase(counted_{what}_{each}_seconds_bucket[{_WINDOW_S}s])" for each in ("within", "around")
    )
    return _slowest_of(shorter), _slowest_of(longer)


def _slowest_of(buckets: str) -> str:
    return f"histogram_quantile(0.95, sum by (service, le) ({buckets}))"


def _a_second(labels: str, name: str) -> tuple[str, str]:
    return (f"sum by ({labels}) (increase({name}[{_WINDOW_S}s])) / {_WINDOW_S}",) * 2


# A panel, what it shows at least and at most, and the labels by which the work given here is seen in it.
_STATEMENTS = "counted_statement_around_seconds_count"
_PANELS = {
    query("database-performance", "Statements since the start"): (
        (f"sum by (service) ({_STATEMENTS})",) * 2,
        {_COMMITTER},
    ),
    query("database-performance", "Statements a second"): (
        _a_second("service, operation", _STATEMENTS),
        {f"INSERT {_COMMITTER}", f"SELECT {_COMMITTER}"},
    ),
    query("database-performance", "Slowest in twenty statements"): (_slowest("statement"), {_COMMITTER}),
    query("cache-hit-rates", "Reads a second"): (
        _a_second("service, outcome", "counted_reads_total"),
        {f"hit {_COMMITTER}", f"miss {_COMMITTER}"},
    ),
    query("messaging", "Messages a second by outcome"): (
        _a_second("service, outcome", "counted_messages_total"),
        {f"{outcome} {_COMMITTER}" for outcome in ("handled", "repeated", "retried")},
    ),
    query("messaging", "From sent to handled"): (_slowest("lag"), {_COMMITTER}),
}


class _Handlers:
    """Handle everything but what is about a failure."""

    def resolve(self, envelope: Envelope) -> Callable[[UnitOfWork], Awaitable[None]]:
        async def handle(_uow: UnitOfWork) -> None:
            if envelope.subject == "failure":
                raise ValueError(envelope.subject)

        return handle


class Work:
    """What a company gives its committer to do."""

    def __init__(self, company: Company) -> None:
        self._tenant = company.tenant
        self._runtime: Runtime = company.platform.embedded.apps[_COMMITTER].state.runtime
        self._consumer = Consumer(
            "committer", _Handlers(), self._runtime.database, metrics=self._runtime.metrics
        )

    async def give(self) -> None:
        """Messages of two types that are handled, come again, or fail; reads."""
        for kind in _TYPES:
            messages = [self._message(kind, "success") for _ in range(2)]
            for each in (*messages, messages[0]):
                await self._consumer.receive(each)
            assert await self._consumer.attempt(self._message(kind, "failure"), 1)
        cache, key = self._runtime.cache, f"test:{uuid4()}"
        await cache.set(key, b"1", ttl_s=60)
        for asked in (key, key, key, f"{key}:none"):
            await cache.get(asked)

    def _message(self, kind: str, subject: str) -> Envelope:
        """It was sent some seconds ago."""
        return Envelope(
            id=new_id(),
            type=kind,
            source="value-amplifier",
            subject=subject,
            time=SystemClock().now() - _SENT_AGO,
            tenant=self._tenant,
            actor="somebody",
            sequence=1,
            data={},
        )


async def agree(server: PrometheusServer, work: Work) -> None:
    """Returns when all panels show what was counted; TimeoutError, with what they show, if they never do."""
    different: dict[str, Any] = {}

    async def look() -> bool:
        nonlocal different
        await work.give()
        await asyncio.sleep(_PACE_S)
        different = await _differences(server)
        return not different

    try:
        await eventually(look, within_s=WITHIN_S)
    except TimeoutError:
        raise TimeoutError(str(different)) from None


async def _differences(server: PrometheusServer) -> dict[str, Any]:
    """Panels that show what was not counted: what they should show at least, what they show, what at most."""
    at = time.time() - _READ_S_AGO
    found: dict[str, Any] = {}
    for panel, (limits, seen) in _PANELS.items():
        shown_by = panel.expression.replace("[1m]", f"[{_WINDOW_S}s]")
        least, shown, most = [await _numbers(server, each, at) for each in (limits[0], shown_by, limits[1])]
        lies_between = least.keys() == shown.keys() == most.keys() and all(
            least[label] * (1 - _NEAR) <= value <= most[label] * (1 + _NEAR) for label, value in shown.items()
        )
        if not (lies_between and seen <= shown.keys()):
            found[str(panel)] = least, shown, most
    return found


async def _numbers(server: PrometheusServer, asked: str, at: float) -> dict[str, float]:
    """What is neither nothing nor a share of nothing."""
    shown = await values_of(server, asked, at)
    return {label: value for label, value in shown.items() if value and not math.isnan(value)}
