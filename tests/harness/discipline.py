"""Async discipline: a blocking call that code under `services/` makes in an event loop fails its test."""

from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

from services.chassis.telemetry.logs import configure_logging

# Where reading files and waiting is right, although a test may come there from within its loop.
MAY_BLOCK = (
    # The tracer's own lock, when it meets a file for the first time.
    ("coverage/collector.py", {"lock_data"}),
    # Services are imported late, by name.
    ("<frozen importlib._bootstrap>", {"_find_and_load"}),
    # So are their routes, before an operator's command asks the databases.
    ("services/launcher/audit/requests.py", {"_with_deletion"}),
    # Before anything is served, and nobody else waits for the loop.
    ("services/chassis/migrations.py", {"_run_alembic", "_run_seed"}),
    ("services/launcher/routes.py", {"gateway_routes"}),
    # No coroutine: the launcher starts and stops the database before and after its loop.
    ("services/launcher/embedded_postgres.py", {"start", "stop"}),
    ("services/launcher/postgres_binaries.py", {"find_binaries"}),
    # The example's files, before each is sent: nobody else waits for the storyteller's loop.
    ("services/launcher/demo/people.py", {"example"}),
    ("services/launcher/demo/success.py", {"recorded_by"}),
    # No coroutine either: tests start processes from within theirs.
    ("services/launcher/child.py", {"spawn", "wait", "send", "ended"}),
)


def pytest_configure() -> None:
    """Logs as a running service does: unconfigured, structlog would read source files for each traceback."""
    configure_logging(level="warning", json=True)


@pytest.fixture(scope="session", autouse=True)
def nothing_blocks_an_event_loop() -> Iterator[None]:
    with blockbuster_ctx("services") as guard:
        for function in guard.functions.values():
            for file, names in MAY_BLOCK:
                function.can_block_in(file, names)
        yield
