"""Promises lived through a gateway, beside tests that wait for containers."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

import httpx2

from services.chassis.plain_http import no_tls
from services.launcher.demo.gateway import Gateway
from services.launcher.demo.lifecycle import walk
from services.launcher.demo.people import People

T = TypeVar("T")


@dataclass(frozen=True)
class Refusal:
    """A request that was answered with an error."""

    path: str
    status: int
    media_type: str
    detail: str


def in_a_thread(work: Coroutine[Any, Any, T]) -> T:
    """What the work answers, on a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def walked(
    base_url: str, secret: str, tenant: UUID, refusals: list[Refusal] | None = None
) -> list[str]:
    """Walks a tenant's whole life; the trace of every request, in their order.

    Every refusal is added to `refusals`, those after which the request is sent again, too.
    """

    async def note(answer: httpx2.Response) -> None:
        if refusals is not None and answer.is_error:
            media_type = answer.headers.get("content-type", "")
            detail = (await answer.aread()).decode()
            refusals.append(Refusal(answer.request.url.path, answer.status_code, media_type, detail))

    async with httpx2.AsyncClient(
        base_url=base_url, timeout=60, trust_env=False, verify=no_tls(), event_hooks={"response": [note]}
    ) as client:
        gateway = Gateway(client, secret, tenant)
        async for _ in walk(People.of(gateway)):
            pass
        return [asked.trace_id for asked in gateway.asked]


class Lives:
    """One life after the other, each of a new tenant, in a thread, for the length of the block.

    A request that nobody answers, or that is answered 502, 503 or 504, is sent again; any other refusal ends
    that life and is told in `failures`. `refusals` has all of them, `tenants` everyone who lived.
    """

    def __init__(self, base_url: str, secret: str) -> None:
        self._where = (base_url, secret)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.tenants: list[UUID] = []
        self.ended = 0
        self.failures: list[str] = []
        self.refusals: list[Refusal] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self.tenants.append(uuid4())
                asyncio.run(walked(*self._where, self.tenants[-1], self.refusals))
            except Exception as error:  # noqa: BLE001  # it is what the test is about
                self.failures.append(f"{type(error).__name__}: {error}")
            else:
                self.ended += 1
