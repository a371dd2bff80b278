"""How long the embedded platform takes to its first answer, beside the least that a Python server can take.

`python -m benchmarks.start [ROUNDS]`. Each start is a process of its own, measured from its beginning to the
first answered request: of the platform a read from the database with a token, on data that an earlier start
has left; of the bare server (uvicorn, and Starlette with one route) a word. Both find their bytecode
compiled, as an installation leaves it.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx2

from services.launcher.ports import LOOPBACK, free_port
from tests.harness.embedded_process import EmbeddedProcess
from tests.harness.waiting import eventually

_BARE = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("here"))])
uvicorn.run(app, host="{host}", port={port}, log_level="error")
"""
_ROUNDS = 5
_WITHIN_S = 60.0
_BOUND_S = 5.0


async def first_answer(client: httpx2.AsyncClient, path: str) -> None:
    """Returns at the first success."""

    async def answered() -> bool:
        try:
            return (await client.get(path)).is_success
        except httpx2.TransportError:
            return False

    await eventually(answered, within_s=_WITHIN_S)


async def bare_start() -> float:
    """Seconds to the bare server's first answer."""
    port = free_port()
    begin = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _BARE.format(host=LOOPBACK, port=port)
    )
    async with httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as client:
        await first_answer(client, "/")
    seconds = time.perf_counter() - begin
    process.terminate()
    await process.wait()
    return seconds


async def platform_start(platform: EmbeddedProcess) -> float:
    """Seconds to the platform's first answer."""
    begin = time.perf_counter()
    await platform.begin()
    async with await platform.client(uuid4(), "ada", ["value-engineer"]) as client:
        await first_answer(client, "/api/v1/architect/accounts")
    return time.perf_counter() - begin


async def first_start(platform: EmbeddedProcess) -> float:
    """Seconds until it is ready, with its database made."""
    begin = time.perf_counter()
    await platform.start()
    return time.perf_counter() - begin


async def second_start(platform: EmbeddedProcess) -> float:
    """After it was stopped as its users stop it."""
    platform.ask_to_stop()
    await platform.ended()
    return await platform_start(platform)


async def start_after_kill(platform: EmbeddedProcess) -> float:
    """After `kill -9`: its database was shut down by the kernel's signal."""
    await platform.kill()
    return await platform_start(platform)


async def median(measure: Callable[[], Awaitable[float]], rounds: int) -> float:
    return statistics.median([await measure() for _ in range(rounds)])


async def figures(folder: Path, rounds: int) -> dict[str, float]:
    """Seconds by what was started."""
    warming = EmbeddedProcess(folder / "warming")
    platform = EmbeddedProcess(folder / "data")
    try:
        await bare_start()
        await first_start(warming)
        await asyncio.to_thread(warming.dispose)
        return {
            "bare uvicorn and Starlette": await median(bare_start, rounds),
            "platform, first start (once)": await first_start(platform),
            "platform, second start": await median(lambda: second_start(platform), rounds),
            "platform, after kill -9": await median(lambda: start_after_kill(platform), rounds),
        }
    finally:
        warming.dispose()
        platform.dispose()


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root, the database's unprivileged user passes through
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        found = asyncio.run(figures(folder, rounds))
    bare = next(iter(found.values()))
    print(f"{f'median of {rounds} starts':30}{'seconds':>9}{'ratio':>9}")
    for what, seconds in found.items():
        print(f"{what:30}{seconds:9.2f}{seconds / bare:9.1f}")
    verdict = "within" if found["platform, second start"] < _BOUND_S else "NOT within"
    print(f"The second start is {verdict} the {_BOUND_S:.0f} s that are promised.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS)
