"""Serving one service, as its container does. An image holds this module and what it imports, and no more."""

import asyncio
import os
import signal

from services.chassis.registration import registered
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry.logs import configure_logging
from services.launcher import rooms
from services.launcher.errors import CannotStart
from services.launcher.lifespan import Lifespan
from services.launcher.serving import Address, bound, serving, spare_what_started
from services.schemas.directory import SERVICES

_EVERYWHERE = "0.0.0.0"  # noqa: S104  # inside a container, whose network decides who may come


def serve_one(key: str) -> None:
    """Runs one service on its own port, configured by the environment alone."""
    key = key.replace("-", "_")
    if key not in SERVICES:
        raise CannotStart(f"There is no service {key}: one of {', '.join(SERVICES)}, or all.")
    settings = rooms.read_settings(key)
    configure_logging(level=settings.log_level)
    asyncio.run(_serve(key, settings))


def stop_on_signals(stop: asyncio.Event) -> None:
    """Lets SIGINT and SIGTERM set `stop`, in the running loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


async def _serve(key: str, settings: ServiceSettings) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    host = os.environ.get("HOST", _EVERYWHERE)
    port = int(os.environ.get("PORT", settings.identity.port))
    with bound([Address(host, port)]) as sockets:
        app = rooms.create_app(key, settings)
        registry = app.state.runtime.registry
        # Left in reverse: nobody finds it any more, then it drains, then it closes what it stood on.
        async with Lifespan(app), serving([(app, sockets[0])]), registered(registry, settings):
            spare_what_started()
            await stop.wait()
