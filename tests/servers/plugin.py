"""The pytest side: one run of servers, its address for every worker, and the fixtures that tests ask for."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from tests.servers.missing import MissingServer, skip_or_fail
from tests.servers.postgres import PostgresProcess, PostgresServer
from tests.servers.rabbitmq import RabbitProcess, RabbitServer
from tests.servers.redis import RedisProcess, RedisServer
from tests.servers.run import ServerRun, ask


class Process(Protocol):
    """A server process that a test may stop and kill."""

    def start(self) -> None: ...
    def dispose(self) -> None: ...


P = TypeVar("P", bound=Process)
S = TypeVar("S")

_RUN = pytest.StashKey[ServerRun]()
_FOLDER = pytest.StashKey[Path]()
_WORKER_KEY = "servers_folder"


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", None)
    if given is not None:
        config.stash[_FOLDER] = Path(given[_WORKER_KEY])
        return
    run = ServerRun.begin()
    config.stash[_RUN] = run
    config.stash[_FOLDER] = run.folder


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells an xdist worker, before it starts, where the run is."""
    node.workerinput[_WORKER_KEY] = str(node.config.stash[_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.end()


@pytest.fixture(scope="session")
def worker() -> str:
    """This worker's name, unique in the run: gw0, gw1, …, or main."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> PostgresServer:
    """The run's PostgreSQL. All workers share its roles and databases: name databases after the worker."""
    return _shared(pytestconfig, "postgres", PostgresServer)


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config, worker: str) -> RedisServer:
    """The run's Redis, in a database of this worker's own (publish and subscribe know no databases)."""
    return _shared(pytestconfig, "redis", RedisServer).for_worker(worker)


@pytest.fixture(scope="session")
def rabbitmq_server(pytestconfig: pytest.Config, worker: str) -> RabbitServer:
    """The run's RabbitMQ, in a virtual host of this worker's own. All workers share its users."""
    return _shared(pytestconfig, "rabbitmq", RabbitServer).with_vhost(worker)


@pytest.fixture(scope="module")
def own_postgres(own_folder: Path) -> Iterator[PostgresProcess]:
    """A started PostgreSQL of this module's own, to stop and kill: what it has committed it does not lose."""
    yield from _running(lambda folder: PostgresProcess(folder, durable=True), own_folder)


@pytest.fixture(scope="module")
def own_redis(own_folder: Path) -> Iterator[RedisProcess]:
    """A started Redis of this module's own, to stop and kill."""
    yield from _running(RedisProcess, own_folder)


@pytest.fixture(scope="module")
def own_rabbitmq(own_folder: Path) -> Iterator[RabbitProcess]:
    """A started RabbitMQ of this module's own, to stop and kill."""
    yield from _running(RabbitProcess, own_folder)


@pytest.fixture(scope="module")
def own_folder(pytestconfig: pytest.Config) -> Path:
    """A folder inside the run's, which an unprivileged server can reach."""
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=pytestconfig.stash[_FOLDER]))
    folder.chmod(0o711)
    return folder


def _running(make: Callable[[Path], P], folder: Path) -> Iterator[P]:
    try:
        process = make(folder)
        with ExitStack() as at_end:
            at_end.callback(process.dispose)
            process.start()
            yield process
    except MissingServer as error:
        skip_or_fail(str(error))


def _shared(config: pytest.Config, name: str, kind: type[S]) -> S:
    server = ask(config.stash[_FOLDER], name)
    if isinstance(server, MissingServer):
        skip_or_fail(str(server))
    assert isinstance(server, kind)
    return server
