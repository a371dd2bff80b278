"""Requests for one evaluation: through the service's own route, and to a bare one that answers a constant.

The route is the service's in all it does, from the body's bytes to the answer's; only who asks is given, not
read from a token. Every request differs from the one before: `seen` in the number of an input, `new` in the
text of every formula.
"""

import asyncio
import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

import httpx2
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.engine_model import FORMULAS, INPUTS, NAMES, PERIODS, model
from services.calculation_engine.api import evaluations
from services.chassis.principal import Principal
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

Document = dict[str, Any]
Body = Callable[[], bytes]

MODELS: dict[str, tuple[Document, str]] = {
    "the API's example": (VALUE_MODEL_EXAMPLE, "hourly_cost"),
    f"{INPUTS} inputs, {FORMULAS} formulas, {PERIODS} periods": (model().model_dump(mode="json"), NAMES[0]),
}
"""Each with the input that changes."""

_PATH = "/evaluations"
_CALLS = 200
_ROUNDS = 5
_SOMEBODY = Principal("somebody", UUID(int=1), frozenset({"calculation-engine:write"}))


def seconds_of(document: Document, name: str) -> tuple[float, float, float]:
    """Processor seconds of a request: to the bare route, of a model seen before, of one never seen."""
    numbers = count(1)

    def seen() -> bytes:
        return json.dumps({"model": document, "inputs": {name: 1 + next(numbers) / 10**6}}).encode()

    def new() -> bytes:
        return json.dumps({"model": _reworded(document, next(numbers)), "inputs": {name: 1.5}}).encode()

    bare, ours = _bare(), _ours()
    found = [
        min(asyncio.run(_seconds_a_request(app, body)) for _ in range(_ROUNDS))
        for app, body in ((bare, seen), (ours, seen), (ours, new))
    ]
    return found[0], found[1], found[2]


def _reworded(document: Document, number: int) -> Document:
    def other(line: Document) -> Document:
        texts = {"formula", "initial", "recurring", "annual_amount"} & line.keys()
        return {**line, **{field: f"{line[field]} + 0 * {number}" for field in texts}}

    return {
        **document,
        "formulas": {key: f"{text} + 0 * {number}" for key, text in document["formulas"].items()},
        "drivers": list(map(other, document["drivers"])),
        "costs": list(map(other, document["costs"])),
        "pools": {key: other(pool) for key, pool in document["pools"].items()},
    }


def _bare() -> ASGIApp:
    async def constant(_: Request) -> JSONResponse:
        return JSONResponse({"here": True})

    return Starlette(routes=[Route(_PATH, constant, methods=["POST"])])


def _ours() -> ASGIApp:
    app = FastAPI()
    app.include_router(evaluations.router)

    async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"principal": _SOMEBODY}}, receive, send)

    return admitted


async def _seconds_a_request(app: ASGIApp, body: Body) -> float:
    """The client is the same for all."""
    contents = [body() for _ in range(_CALLS)]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://in") as client:
        begin = time.process_time()
        for content in contents:
            answer = await client.post(_PATH, content=content, headers={"content-type": "application/json"})
            assert answer.is_success
        return (time.process_time() - begin) / _CALLS
