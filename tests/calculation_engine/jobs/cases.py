"""Requests for jobs, and how a test waits for one."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2

from services.schemas.deal_optimization_example import DEAL_OPTIMIZATION_EXAMPLE
from tests.calculation_engine.models import Json, a_driver, a_model, an_input
from tests.calculation_engine.networks import an_activity
from tests.harness.waiting import eventually

ENGINE = "/api/v1/calculation-engine"
SIMULATIONS = f"{ENGINE}/simulations"
JOBS = f"{ENGINE}/jobs"
ASYNC = {"Prefer": "respond-async"}


def small_model() -> Json:
    uniform = {"kind": "uniform", "low": 500, "high": 900}
    return a_model(inputs={"x": an_input(distribution=uniform)}, drivers=[a_driver("d", "x")])


def a_simulation(draws: int = 1000, **fields: Any) -> Json:
    return {"model": small_model(), "draws": draws, "outputs": ["npv"], **fields}


OTHERS: list[tuple[str, Json]] = [
    ("evaluations", {"model": small_model(), "inputs": {"x": 700}}),
    ("forecasts", {"series": [1, 2, 4, 3, 5, 6, 8, 7], "steps": 2}),
    ("sensitivities", {"model": small_model(), "draws": 1024}),
    (
        "goal-seeks",
        {"model": small_model(), "input": "x", "low": 0, "high": 900, "output": "npv", "target": 0},
    ),
    ("schedule-simulations", {"network": {"activities": [an_activity("a", (1, 2, 3))]}, "draws": 1024}),
    ("deal-optimizations", {**DEAL_OPTIMIZATION_EXAMPLE, "structures": 16}),
]
"""Small requests of every resource that computes but simulations."""


async def accepted(answer: httpx2.Response) -> str:
    """The path of the job that a POST was answered with."""
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["status"] == "queued"
    location = answer.headers["location"]
    assert location == f"{JOBS}/{job['id']}"
    return location


async def ended(client: httpx2.AsyncClient, path: str, *, within_s: float = 60.0) -> Json:
    """The job, once it has ended."""

    async def look() -> Json | None:
        job: Json = (await client.get(path)).json()
        return job if job["status"] not in {"queued", "running"} else None

    return await eventually(look, within_s=within_s)


def events_of(body: str) -> Iterator[tuple[str, Json]]:
    """Name and data of each event of a stream."""
    for block in body.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            yield fields["event"], json.loads(fields["data"])
