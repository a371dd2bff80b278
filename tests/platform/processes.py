"""The platform as its users run it: in a process of its own, on ports and data of the test's."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

from services.launcher.ports import free_port, is_free
from services.launcher.serve import addresses

ROOT = Path(__file__).resolve().parents[2]
_START_S = 90.0
_STOP_S = 30.0


def free_gateway_port() -> int:
    """A port whose direct ports beside it are free, too."""
    while True:
        port = free_port()
        if all(is_free(each.port) for each in addresses(port)):
            return port


def environment() -> dict[str, str]:
    """This process's, without what would point the platform elsewhere."""
    ours = (
        *("DATABASE_URL", "REDIS_URL", "RABBITMQ_URL", "CONSUL_HTTP_ADDR", "PEERS", "JWT_SECRET"),
        "ENVIRONMENT",
    )
    return {name: value for name, value in os.environ.items() if name not in ours}


def run(
    *arguments: str, timeout: float = 180.0, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One command of the house, to its end; `extra` is added to its environment."""
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=ROOT,
        env={**environment(), **(extra or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the database's unprivileged user can pass through, which pytest's own are not as root."""
    folder = Path(tempfile.mkdtemp(prefix="platform-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving_platform(data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The embedded platform in a process, from its first answer until SIGTERM has ended it."""
    log = (data.parent / f"{data.name}.log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "serve", "all", "--port", str(port), "--data", str(data)],
        cwd=ROOT,
        env=environment(),
        stdout=log,
        stderr=log,
    )
    try:
        wait_until_healthy(process, port)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_STOP_S)
        log.close()


def wait_until_healthy(process: subprocess.Popen[bytes], port: int) -> None:
    """Returns at the first answer. RuntimeError if the process ends or does not answer in time."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the platform ended with {process.returncode}")
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success:
                return
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise RuntimeError("the platform does not answer")
