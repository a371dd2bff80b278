"""Serving all services in one process, with their own PostgreSQL."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url
from starlette.types import ASGIApp

from services.chassis.settings import ServiceSettings
from services.chassis.telemetry.logs import configure_logging
from services.launcher import embedded, rooms, running_file, secrets_file
from services.launcher.configuration import embedded_settings, given_database, roles_of
from services.launcher.data_folder import make_data_folder
from services.launcher.embedded_postgres import EmbeddedPostgres
from services.launcher.postgres_binaries import NoPostgres
from services.launcher.running_file import Running
from services.launcher.serve_one import stop_on_signals
from services.launcher.serving import Address, bound, serving, spare_what_started
from services.schemas.directory import SERVICES

GATEWAY_PORT = 8000
_LOOPBACK = "127.0.0.1"


@contextmanager
def database_of(data: Path) -> Iterator[str]:
    """The owner's URL of the platform's database: a server of its own in the folder, or `DATABASE_URL` where
    there are no programs of one. So a variable that is there for another project is left alone."""
    try:
        server = EmbeddedPostgres.start(data)
    except NoPostgres:
        given = given_database()
        if not given:
            raise
        yield given
        return
    try:
        yield server.url
    finally:
        server.stop()


def settings_of(data: Path, owner_url: str, **overrides: Any) -> dict[str, ServiceSettings]:
    """The settings of all services on a data folder's secrets."""
    keys = rooms.service_keys()
    secrets = secrets_file.load_or_generate(data, roles_of(keys))
    return embedded_settings(keys, owner_url, secrets, **overrides)


def direct_port(name: str, gateway_port: int) -> int:
    """Where a service itself answers: 8011 to 8016 beside :8000, shifted alike beside another port."""
    by_name = {identity.name: identity.direct_port for identity in SERVICES.values()}
    return by_name[name] - GATEWAY_PORT + gateway_port


def addresses(port: int) -> list[Address]:
    """Where the platform listens: the gateway first, then each service by itself."""
    ports = [port, *(direct_port(identity.name, port) for identity in SERVICES.values())]
    return [Address(_LOOPBACK, each) for each in ports]


async def run_platform(
    data: Path,
    owner_url: str,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    ready: Callable[[], None] = lambda: None,
    **overrides: Any,
) -> None:
    """Serves the whole house on the sockets of `addresses` until `stop` is set; `overrides` are settings by
    field name."""
    url = make_url(owner_url)
    note = Running(
        gateway_port=sockets[0].getsockname()[1],
        database_host=url.host or _LOOPBACK,
        database_port=url.port or 5432,
        database_name=url.database or "valueverse",
    )
    async with embedded.running(owner_url, settings_of(data, owner_url, **overrides)) as platform:
        apps: list[ASGIApp] = [platform.dispatcher, *platform.apps.values()]
        with running_file.noted(data, note):
            async with serving(list(zip(apps, sockets, strict=True))):
                ready()
                await stop.wait()


def serve_all(data: Path, port: int) -> None:
    """Runs the embedded platform in the foreground until a signal.

    Raises:
        CannotStart: a port is taken, or the data is in use or of another version; nothing was changed.
    """
    configure_logging(level="info")

    async def run(owner_url: str, sockets: Sequence[socket.socket]) -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        await run_platform(data, owner_url, sockets, stop, ready=spare_what_started)

    with bound(addresses(port)) as sockets:
        make_data_folder(data)
        with database_of(data) as owner_url:
            asyncio.run(run(owner_url, sockets))
