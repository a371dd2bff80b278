"""As a program: imports every module of the house and tells, a line each, what doing so set in motion."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from types import ModuleType

from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

import services

FORBIDDEN_EVENTS = (
    "socket.__new__",
    "socket.connect",
    "socket.bind",
    "subprocess.Popen",
    "os.fork",
    "os.mkdir",
)
MADE_AT_START = (FastAPI, Engine, AsyncEngine)
# Run by Alembic and by `python -m services`.
PROGRAMS = ("services.__main__", "migrations.env", "migrations.versions.")


def modules() -> Iterator[str]:
    """Every module of the house but those that are programs."""
    for found in pkgutil.walk_packages(services.__path__, "services."):
        if not any(program in found.name for program in PROGRAMS):
            yield found.name


def made_by(module: ModuleType) -> Iterator[str]:
    """Apps and engines that a module holds."""
    for name, value in vars(module).items():
        if isinstance(value, MADE_AT_START):
            yield f"{module.__name__}.{name} is a {type(value).__name__}"


def main() -> None:
    importing = ""

    def tell(event: str, arguments: tuple[object, ...]) -> None:
        if event in FORBIDDEN_EVENTS:
            print(f"{importing}: {event} {arguments}")  # noqa: T201  # this is what it is asked for

    sys.addaudithook(tell)
    for importing in modules():
        for fault in made_by(importlib.import_module(importing)):
            print(fault)  # noqa: T201


if __name__ == "__main__":
    main()
