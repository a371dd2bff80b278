"""The published language: each event has an example, a producer that emits it, consumers that handle it."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.bus.topology import AUDIT_QUEUE, EVENTS_EXCHANGE, consumer_queue, topology
from services.chassis.ids import new_id
from services.chassis.runtime import Runtime
from services.chassis.tables import inbox, outbox
from services.chassis.tenancy import provisioning
from services.launcher.asyncapi import asyncapi_document
from services.launcher.documents import unconnected_app
from services.launcher.tenants import provision
from services.notification import templates
from services.schemas import examples
from services.schemas.directory import SERVICES
from services.schemas.events import EVENTS, PAYLOADS, EventSpec
from tests.architect.api.cases import PUMPS, accepted, drafted, if_match, posted, proposed, step
from tests.harness.platform import Company, TestPlatform
from tests.platform.operations import OPERATIONS

# Events that are kept for audit alone. One that nobody consumes and that does not stand here was forgotten.
CONSUMED_BY_NOBODY: frozenset[str] = frozenset()

each_event = pytest.mark.parametrize("spec", EVENTS, ids=lambda spec: spec.type)


def runtime_of(platform: TestPlatform, service: str) -> Runtime:
    runtime: Runtime = platform.embedded.apps[SERVICES[service].name].state.runtime
    return runtime


@each_event
def test_the_example_is_an_event_of_its_producer(spec: EventSpec) -> None:
    envelope = examples.event(spec.payload)
    assert (envelope.type, envelope.source) == (spec.type, SERVICES[spec.producer].name)
    spec.payload.model_validate_json(json.dumps(envelope.data))


@each_event
def test_the_example_is_what_asyncapi_says(spec: EventSpec) -> None:
    document = asyncapi_document()
    schema = {
        "$ref": f"#/components/messages/{spec.type}/payload",
        "components": document["components"],
    }
    validator = jsonschema_rs.Draft7Validator(schema)
    example = examples.event(spec.payload).model_dump(mode="json")
    assert [error.message for error in validator.iter_errors(example)] == []
    assert not validator.is_valid({**example, "type": "architect.model.forgotten.v1"})
    assert not validator.is_valid({**example, "data": {**example["data"], "address": "x@y.example"}})


def test_every_type_has_one_row_and_one_example() -> None:
    assert len(PAYLOADS) == len(EVENTS)
    assert examples.EXAMPLES.keys() == PAYLOADS.keys()


@each_event
def test_an_event_is_emitted_by_a_service_and_consumed_by_some(spec: EventSpec) -> None:
    assert spec.producer in SERVICES
    assert spec.consumers <= SERVICES.keys()
    assert bool(spec.consumers) != (spec.type in CONSUMED_BY_NOBODY)


@pytest.mark.parametrize("key", SERVICES)
def test_a_service_handles_what_the_catalogue_says_and_nothing_else(key: str) -> None:
    runtime: Runtime = unconnected_app(key).state.runtime
    handled = provisioning(None).types
    if find_spec(f"services.{key}.events"):
        handled |= import_module(f"services.{key}.events").handlers(runtime).types
    assert handled == {spec.type for spec in EVENTS if key in spec.consumers}


@each_event
def test_the_broker_brings_an_event_to_its_consumers(spec: EventSpec) -> None:
    queues = {
        binding.queue
        for binding in topology().bindings
        if (binding.exchange, binding.routing_key) == (EVENTS_EXCHANGE, spec.routing_key)
    }
    assert queues == ({consumer_queue(each) for each in spec.consumers} or {AUDIT_QUEUE})


@each_event
async def test_every_consumer_handles_the_example(
    platform: TestPlatform, company: Company, spec: EventSpec
) -> None:
    example = examples.event(spec.payload)
    event = example.model_copy(update={"id": new_id(), "tenant": company.tenant})
    await runtime_of(platform, spec.producer).bus.publish(event)
    for key in SERVICES:
        async with runtime_of(platform, key).database.unit_of_work(Actor(company.tenant, "test")) as uow:
            handled = await uow.session.scalars(
                select(inbox.c.consumer).where(inbox.c.message_id == event.id)
            )
            assert list(handled) == ([key] if key in spec.consumers else [])


def test_a_message_links_to_what_can_be_read() -> None:
    readable = {operation.path for operation in OPERATIONS if operation.method == "get"}
    assert {template.link for template in templates.PRODUCT} <= readable


async def test_every_event_is_emitted_as_its_example_says(platform: TestPlatform, company: Company) -> None:
    await provision(runtime_of(platform, "architect").database, str(company.tenant))
    await _live_through_an_architect_s_work(company)
    emitted = await _outbox(runtime_of(platform, "architect"), company.tenant)
    assert emitted.keys() == {spec.type for spec in EVENTS if spec.producer == "architect"}
    for kind, payload in emitted.items():
        PAYLOADS[kind].payload.model_validate_json(json.dumps(payload))
        assert set(_fields(payload)) == set(_fields(examples.event(PAYLOADS[kind].payload).data)), kind


async def _live_through_an_architect_s_work(company: Company) -> None:
    """By the API alone: hypotheses decided either way, two versions of a model approved."""
    ada, grace = company.person("ada", "value-engineer"), company.person("grace", "approver")
    best, second = (await proposed(ada, PUMPS, limit=2))[:2]
    await accepted(ada, best)
    path = f"/api/v1/architect/hypotheses/{second['id']}/reject"
    await posted(ada, path, {"reason": "It is measured elsewhere."}, **if_match(second))
    model = await step(grace, await step(ada, await drafted(ada), "request-review"), "approve")
    again = await step(ada, await step(ada, model, "revise"), "request-review")
    await step(grace, again, "approve")


async def _outbox(producer: Runtime, tenant: UUID) -> dict[str, Any]:
    """The last payload of each type that a tenant's work has emitted."""
    async with producer.database.unit_of_work(Actor(tenant, "test")) as uow:
        rows = await uow.session.execute(select(outbox.c.type, outbox.c.payload).order_by(outbox.c.id))
        return {row.type: row.payload for row in rows}


def _fields(document: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in document.items():
        yield f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _fields(value, f"{prefix}{name}.")
