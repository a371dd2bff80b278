"""A saga over two whole apps, as people see it: begun by a request, steered by an operator."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.bus.local import LocalBus
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.tables import outbox
from services.launcher.lifespan import Lifespan
from tests.chassis.probe import CATALOGUE, notes
from tests.chassis.sagas.apps import (
    SAGAS,
    TRIPS,
    client,
    listener_on,
    local_apps,
    probe_on,
    rabbit_apps,
)
from tests.harness.waiting import eventually


@pytest.fixture(params=["local", "rabbit"])
async def probe(request: pytest.FixtureRequest, probe_url: str) -> AsyncIterator[FastAPI]:
    if request.param == "local":
        async with local_apps(probe_url) as app:
            yield app
    else:
        async with rabbit_apps(probe_url, request.getfixturevalue("rabbitmq_server").url) as app:
            yield app


@pytest.fixture
async def lonely_probe(probe_url: str) -> AsyncIterator[tuple[FastAPI, LocalBus]]:
    """The probe while the listener is away."""
    bus = LocalBus(catalogue=CATALOGUE)
    app = probe_on(bus, probe_url)
    async with Lifespan(app):
        yield app, bus


async def book(ada: httpx2.AsyncClient, **trip: Any) -> str:
    answer = await ada.post(TRIPS, json={"trip_id": str(new_id()), **trip})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["saga_id"])


async def read(ada: httpx2.AsyncClient, saga_id: str) -> dict[str, Any]:
    answer = await ada.get(f"{SAGAS}/{saga_id}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def ended(ada: httpx2.AsyncClient, saga_id: str) -> Callable[[], Awaitable[dict[str, Any] | None]]:
    async def look() -> dict[str, Any] | None:
        saga = await read(ada, saga_id)
        return saga if saga["ended_at"] else None

    return look


async def last_words(database: Database, tenant: UUID) -> list[str]:
    async with database.unit_of_work(Actor(tenant, "ada")) as uow:
        return [text.partition(" ")[2] for text in await uow.session.scalars(select(notes.c.text))]


async def test_a_saga_is_done_across_two_apps(
    probe: FastAPI, probe_database: Database, listener_database: Database
) -> None:
    tenant = new_id()
    async with client(probe, tenant) as ada:
        saga = await eventually(ended(ada, await book(ada)))
    assert (saga["status"], saga["reason"], saga["started_by"]) == ("done", None, "ada")
    assert [(s["name"], s["action"]["status"], s["action"]["attempts"]) for s in saga["steps"]] == [
        ("flight", "done", 1),
        ("room", "done", 1),
        ("payment", "done", 1),
        ("ticket", "done", 1),
    ]
    assert [s["compensation"] and s["compensation"]["status"] for s in saga["steps"]] == [
        "waiting",
        "waiting",
        None,
        None,
    ]
    assert [entry["entry"] for entry in saga["log"]] == ["started", *["asked", "done"] * 4, "completed"]
    assert await last_words(probe_database, tenant) == ["booked"]
    assert len(await traces(probe_database, tenant) | await traces(listener_database, tenant)) == 1


async def traces(database: Database, tenant: UUID) -> set[str]:
    """The traces that a service's messages belong to."""
    async with database.unit_of_work(Actor(tenant, "ada")) as uow:
        return {parent.split("-")[1] for parent in await uow.session.scalars(select(outbox.c.traceparent))}


async def test_a_refusal_is_compensated_across_two_apps(probe: FastAPI, probe_database: Database) -> None:
    tenant = new_id()
    async with client(probe, tenant) as ada:
        saga = await eventually(ended(ada, await book(ada, sold_out="payment")))
    assert (saga["status"], saga["reason"]) == ("failed", "The payment is sold out.")
    payment = saga["steps"][2]["action"]
    assert (payment["command"], payment["participant"]) == ("listener.pay.v1", "listener")
    assert (payment["status"], payment["reason"]) == ("refused", "The payment is sold out.")
    assert [s["compensation"]["status"] for s in saga["steps"][:2]] == ["done", "done"]
    undone = [entry["step"] for entry in saga["log"] if entry["compensation"] and entry["entry"] == "done"]
    assert undone == ["room", "flight"]
    assert await last_words(probe_database, tenant) == ["not booked: The payment is sold out."]


async def test_after_the_pivot_it_is_tried_until_it_is_done(probe: FastAPI) -> None:
    async with client(probe, new_id()) as ada:
        saga = await eventually(ended(ada, await book(ada, busy={"ticket": 1})))
    ticket = saga["steps"][3]["action"]
    assert (saga["status"], ticket["status"], ticket["attempts"]) == ("done", "done", 2)


async def test_an_operator_orders_the_way_back_and_the_log_says_who(
    lonely_probe: tuple[FastAPI, LocalBus], probe_url: str
) -> None:
    app, bus = lonely_probe
    tenant = new_id()
    async with client(app, tenant) as ada, client(app, tenant, "probe:operate", sub="olga") as olga:
        saga_id = await book(ada)
        answer = await olga.post(f"{SAGAS}/{saga_id}/compensate", json={"reason": "strike"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["status"], answer.json()["step"]) == ("compensating", "flight")
        async with Lifespan(listener_on(bus, probe_url)):
            saga = await eventually(ended(ada, saga_id), within_s=30)
        assert (saga["status"], saga["reason"]) == ("failed", "strike")
        (order,) = [entry for entry in saga["log"] if entry["entry"] == "compensation_ordered"]
        assert (order["actor"], order["reason"]) == ("olga", "strike")
        # The command goes out for whoever started the saga.
        assert {entry["actor"] for entry in saga["log"] if entry["entry"] == "asked"} == {"ada"}
        for order in ("compensate", "retry"):
            again = await olga.post(f"{SAGAS}/{saga_id}/{order}", json={"reason": "strike"})
            assert (again.status_code, again.json()["code"]) == (409, "saga_state")


async def test_an_operator_has_a_command_given_again(lonely_probe: tuple[FastAPI, LocalBus]) -> None:
    app, _ = lonely_probe
    async with client(app, new_id()) as ada:
        saga_id = await book(ada)
        answer = await ada.post(f"{SAGAS}/{saga_id}/retry")
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "running"
        assert [entry["entry"] for entry in answer.json()["log"]] == [
            "started",
            "asked",
            "retry_ordered",
            "asked",
        ]


async def test_sagas_are_listed_by_what_they_are_about(lonely_probe: tuple[FastAPI, LocalBus]) -> None:
    app, _ = lonely_probe
    async with client(app, new_id()) as ada:
        first, second = await book(ada), await book(ada)
        assert [each["id"] for each in (await ada.get(SAGAS)).json()["items"]] == [second, first]
        subject = (await read(ada, first))["subject"]
        for query, found in (
            ({"subject": subject}, [first]),
            ({"name": "book-trip", "status": "running"}, [second, first]),
            ({"status": "done"}, []),
        ):
            assert [each["id"] for each in (await ada.get(SAGAS, params=query)).json()["items"]] == found
        assert (await ada.get(SAGAS, params={"status": "lost"})).status_code == 422


async def test_sagas_are_an_operator_s_of_their_own_tenant(lonely_probe: tuple[FastAPI, LocalBus]) -> None:
    app, _ = lonely_probe
    tenant = new_id()
    async with (
        client(app, tenant) as ada,
        client(app, tenant, "probe:read", "probe:write") as nobody,
        client(app, new_id()) as stranger,
    ):
        saga_id = await book(ada)
        for method, order in (("GET", ""), ("POST", "/retry"), ("POST", "/compensate")):
            path = f"{SAGAS}/{saga_id}{order}"
            body = {"reason": "why not"} if order == "/compensate" else None
            assert (await nobody.request(method, path, json=body)).status_code == 403
            assert (await stranger.request(method, path, json=body)).status_code == 404
        assert (await nobody.get(SAGAS)).status_code == 403
        assert (await stranger.get(SAGAS)).json()["items"] == []


async def test_metrics_show_sagas_under_way(lonely_probe: tuple[FastAPI, LocalBus]) -> None:
    app, _ = lonely_probe
    async with client(app, new_id()) as ada:
        await book(ada)

        async def shown() -> bool:
            text = (await ada.get("/api/v1/metrics")).text
            return 'sagas{saga="book-trip",service="probe",state="running"} 1.0' in text

        await eventually(shown)
