"""A Prometheus of the tests' own, and promtool."""

import json
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from services.launcher.child import Child, spawn
from services.launcher.ports import LOOPBACK, free_port
from tests.servers.missing import MissingServer
from tests.servers.waiting import wait_ready

_TIMEOUT_S = 10
_PROMTOOL_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an instant query's answer."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """A running server as whoever asks it sees it."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def query(self, expression: str, at: float | None = None) -> list[Sample]:
        """An instant query's answer, now or of a time. ValueError if the server refuses the expression."""
        when = {} if at is None else {"time": f"{at:.3f}"}
        found = self._get("query", query=expression, **when)
        if found["resultType"] == "scalar":
            return [Sample({}, float(found["result"][1]))]
        return [Sample(each["metric"], float(each["value"][1])) for each in found["result"]]

    def exemplars(self, expression: str) -> list[dict[str, str]]:
        """The labels of the exemplars of the last hour, of every series that the expression selects."""
        now = time.time()
        found = self._get("query_exemplars", query=expression, start=str(now - 3600), end=str(now))
        return [each["labels"] for series in found for each in series["exemplars"]]

    def targets(self) -> dict[str, str]:
        """The health of each active target, by its job."""
        return {each["labels"]["job"]: each["health"] for each in self._get("targets")["activeTargets"]}

    def _get(self, path: str, **query: str) -> Any:
        try:
            with urlopen(f"{self.url}/api/v1/{path}?{urlencode(query)}", timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return json.load(answer)["data"]
        except URLError as error:
            detail = error.read().decode() if hasattr(error, "read") else str(error)
            raise ValueError(f"{query}: {detail}") from error


class PrometheusProcess:
    """A server in a folder, reading the configuration that stands there as `prometheus.yml`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: Child | None = None
        self.server = PrometheusServer(free_port())

    def start(self) -> None:
        """Returns when it answers. Raises MissingServer."""
        program = program_named("prometheus")
        log_path = self._folder / "prometheus.log"
        with log_path.open("ab") as log:
            self._child = spawn(
                [program, *self._options()], dies_by=signal.SIGKILL, log=log, cwd=self._folder
            )
        wait_ready(self._is_ready, self._child, log=log_path, timeout=30)

    def dispose(self) -> None:
        if self._child is not None:
            self._child.stop(signal.SIGKILL, grace=10)
            self._child = None

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.server.url}/-/ready", timeout=_TIMEOUT_S):  # noqa: S310
                return True
        except OSError:
            return False

    def _options(self) -> list[str]:
        return [
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self.server.port}",
            "--enable-feature=exemplar-storage",
        ]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs promtool to its end. Raises MissingServer."""
    return subprocess.run(
        [program_named("promtool"), *arguments],
        capture_output=True,
        text=True,
        timeout=_PROMTOOL_TIMEOUT_S,
        check=False,
    )


def program_named(name: str) -> str:
    """The path of one of Prometheus's programs. Raises MissingServer."""
    found = shutil.which(name)
    if found is None:
        raise MissingServer(f"no {name} here: install it (Debian: apt-get install prometheus)")
    return found
