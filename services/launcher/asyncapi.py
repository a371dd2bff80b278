"""The AsyncAPI 3.0 document of the platform: every event, its envelope, who sends and who receives it."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from services.chassis.bus.topology import EVENTS_EXCHANGE
from services.schemas import examples
from services.schemas.directory import SERVICES
from services.schemas.envelope import CONTENT_TYPE, Envelope
from services.schemas.events import EVENTS, EventPayload, EventSpec

_DESCRIPTION = (
    "CloudEvents 1.0 in JSON on a topic exchange; the routing key is the type without its version. Delivery "
    "is at least once, and one aggregate's events may come out of order: `id` tells a repetition, `sequence` "
    "an older event from a newer one."
)
_SCHEMA_REF = "#/components/schemas/{model}"


def asyncapi_document(catalogue: Sequence[EventSpec] = EVENTS) -> dict[str, Any]:
    """The document of a catalogue of events, ready for `json.dumps`."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ValueVerse events",
            "version": "1",
            "description": _DESCRIPTION,
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {spec.routing_key: _channel(spec.routing_key, catalogue) for spec in catalogue},
        "operations": dict(_operations(catalogue)),
        "components": {
            "messages": {spec.type: _message(spec) for spec in catalogue},
            "schemas": payload_schemas(catalogue),
        },
    }


def payload_schemas(catalogue: Sequence[EventSpec]) -> dict[str, Any]:
    """The JSON schemas of the envelope and of every payload, by the names that `$ref`s use."""
    models: list[type[Envelope | EventPayload]] = [Envelope, *(spec.payload for spec in catalogue)]
    _, schema = models_json_schema([(model, "serialization") for model in models], ref_template=_SCHEMA_REF)
    found: dict[str, Any] = schema["$defs"]
    return found


def _channel(routing_key: str, catalogue: Sequence[EventSpec]) -> dict[str, Any]:
    types = [spec.type for spec in catalogue if spec.routing_key == routing_key]
    return {
        "address": routing_key,
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in types},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": EVENTS_EXCHANGE,
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": "0.3.0",
            }
        },
    }


def _operations(catalogue: Sequence[EventSpec]) -> Iterable[tuple[str, dict[str, Any]]]:
    for spec in catalogue:
        yield _operation(spec, "send", spec.producer)
        for consumer in sorted(spec.consumers):
            yield _operation(spec, "receive", consumer)


def _operation(spec: EventSpec, action: str, service: str) -> tuple[str, dict[str, Any]]:
    name = SERVICES[service].name
    channel = f"#/channels/{spec.routing_key}"
    return f"{name}.{action}.{spec.type}", {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{spec.type}"}],
        "tags": [{"name": name}],
    }


def _message(spec: EventSpec) -> dict[str, Any]:
    said = {"type": {"const": spec.type}, "source": {"const": SERVICES[spec.producer].name}}
    data = {"data": {"$ref": _SCHEMA_REF.format(model=spec.payload.__name__)}}
    return {
        "name": spec.type,
        "title": spec.payload.__name__,
        "summary": spec.summary,
        "contentType": CONTENT_TYPE,
        "payload": {
            "allOf": [
                {"$ref": _SCHEMA_REF.format(model=Envelope.__name__)},
                {"properties": {**said, **data}},
            ]
        },
        "examples": [{"payload": examples.event(spec.payload).model_dump(mode="json")}],
    }
