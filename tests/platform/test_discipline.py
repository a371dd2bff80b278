"""Async discipline: its guard seen at work, and what it costs every request."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockingError
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from services.launcher.data_folder import make_data_folder
from services.launcher.documents import unconnected_app
from services.schemas.directory import SERVICES


async def test_a_blocking_call_of_a_service_s_code_in_an_event_loop_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BlockingError, match=r"os\."):
        make_data_folder(tmp_path / "data")


def test_outside_a_loop_it_may_block(tmp_path: Path) -> None:
    make_data_folder(tmp_path / "data")


@pytest.mark.parametrize("key", SERVICES)
def test_no_route_and_no_dependency_of_one_waits_for_a_thread(key: str) -> None:
    """FastAPI calls in a thread what is not async, as a class that is a dependency."""
    routes = list(routes_of(unconnected_app(key).routes))
    assert routes
    waiting = {
        (route.path, repr(call))
        for route in routes
        for call in calls_of(route.dependant)
        if not (is_async(call) or is_async(getattr(call, "__call__", None)))  # noqa: B004
    }
    assert not waiting


def routes_of(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from routes_of(included.routes)


def calls_of(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls_of(inner)


def is_async(call: object) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call)
