"""Starts the platform, tells the story beside it, and stays up until Ctrl-C."""

import asyncio
import socket
from collections.abc import Awaitable, Sequence
from pathlib import Path

import typer
from pydantic import SecretStr
from rich.console import Console

from services.chassis.telemetry.logs import configure_logging
from services.launcher import secrets_file
from services.launcher.configuration import given_database
from services.launcher.data_folder import make_data_folder
from services.launcher.demo.messages import Post
from services.launcher.demo.story import tell
from services.launcher.development_token import require_development
from services.launcher.embedded_postgres import EmbeddedPostgres
from services.launcher.errors import CannotStart
from services.launcher.postgres_binaries import NoPostgres, find_binaries
from services.launcher.receivers import mailbox, webhook_receiver
from services.launcher.serve import addresses, database_of, run_platform
from services.launcher.serve_one import stop_on_signals
from services.launcher.serving import bound
from services.launcher.urls import print_urls

_ENDED_BY_CTRL_C = 130
_MAIL_FROM = "ValueVerse <values@vendor.example>"


def run_demo(data: Path, *, port: int, fresh: bool, stop_at_end: bool) -> None:
    """Runs the demo in the foreground.

    Raises:
        CannotStart: this is not development, a port is taken, the data is in use or of another version;
            nothing was changed.
        DemoFailed: the platform answered what the story did not expect.
        typer.Exit: Ctrl-C came before the story's end.
    """
    require_development("The demo runs")
    console = Console(highlight=False)
    configure_logging(level="warning")
    try:
        with bound(addresses(port)) as sockets:
            if fresh:
                _forget(data)
            make_data_folder(data)
            console.print("Starting PostgreSQL and the services …", style="dim")
            with database_of(data) as owner_url:
                asyncio.run(_Demo(console, data, port, sockets).run(owner_url, stop_at_end=stop_at_end))
    except (KeyboardInterrupt, _Interrupted):
        console.print("Interrupted: everything is stopped, and the next demo begins anew.")
        raise typer.Exit(_ENDED_BY_CTRL_C) from None


class _Interrupted(Exception):
    """The platform was told to stop before the story's end."""


class _Demo:
    def __init__(self, console: Console, data: Path, port: int, sockets: Sequence[socket.socket]) -> None:
        self._console = console
        self._data = data
        self._port = port
        self._sockets = sockets

    async def run(self, owner_url: str, *, stop_at_end: bool) -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        ready = asyncio.Event()
        try:
            async with mailbox() as mail, webhook_receiver() as hooks, asyncio.TaskGroup() as group:
                sending = {
                    "smtp_url": SecretStr(mail.url),
                    "mail_from": _MAIL_FROM,
                    "public_url": self._url,
                    "allow_private_networks": True,  # the receivers are here
                }
                platform = run_platform(self._data, owner_url, self._sockets, stop, ready.set, **sending)
                group.create_task(platform)
                group.create_task(self._beside(ready, stop, Post(mail, hooks), stop_at_end=stop_at_end))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def _beside(
        self, ready: asyncio.Event, stop: asyncio.Event, post: Post, *, stop_at_end: bool
    ) -> None:
        try:
            if not await _first(ready.wait(), stop.wait()):
                raise _Interrupted
            secrets = secrets_file.read(self._data)
            assert secrets is not None, "a running platform has secrets"  # noqa: S101
            story = tell(self._console, self._url, secrets.jwt_secret, post)
            if not await _first(story, stop.wait()):
                raise _Interrupted
            self._console.print()
            print_urls(Console(soft_wrap=True, highlight=False), self._port, self._data)
            if not stop_at_end:
                self._console.print("\n[bold]The platform stays up.[/] Ctrl-C stops it; its data stays.")
                await stop.wait()
        finally:
            stop.set()


async def _first(wanted: Awaitable[object], other: Awaitable[object]) -> bool:
    """Waits for either and cancels the loser; whether the wanted one came first. Its exception is raised."""
    tasks = [asyncio.ensure_future(wanted), asyncio.ensure_future(other)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            await tasks[0]
        return tasks[0].done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _forget(data: Path) -> None:
    try:
        find_binaries()
    except NoPostgres:
        if given_database():
            raise CannotStart(
                "--fresh forgets the demo's own database: the one of DATABASE_URL is yours to empty."
            ) from None
        raise
    EmbeddedPostgres.forget(data)
    (data / secrets_file.NAME).unlink(missing_ok=True)
