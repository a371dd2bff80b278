"""`docs/events.md`: the catalogue of events for people, made from the same models as everything else."""

from collections.abc import Iterator, Sequence
from typing import Any

from services.launcher.asyncapi import payload_schemas
from services.schemas import examples
from services.schemas.directory import SERVICES
from services.schemas.envelope import Envelope
from services.schemas.events import EVENTS, EventSpec

_INTRODUCTION = """\
# Events

Made from `services/schemas/events` by `python -m services docs write`; a test fails when it drifts. The same
for programs: [asyncapi.json](asyncapi.json) (AsyncAPI 3.0).

An event is a CloudEvents 1.0 document in JSON (`application/cloudevents+json`) on the topic exchange
`valueverse.events`. Its routing key is the type without the version: `architect.model.approved`. Delivery is
at least once: the same `id` may come again. One aggregate's events may come out of order: `sequence` counts
them densely from 1 for each `subject`.
"""


def events_document(catalogue: Sequence[EventSpec] = EVENTS) -> str:
    """The document of a catalogue of events, in Markdown."""
    schemas = payload_schemas(catalogue)
    parts = [_INTRODUCTION, _overview(catalogue), _envelope(schemas)]
    parts += [_section(spec, schemas) for spec in catalogue]
    return "\n".join(parts)


def _overview(catalogue: Sequence[EventSpec]) -> str:
    rows = [[f"[`{spec.type}`](#{_anchor(spec.type)})", _by(spec), _to(spec)] for spec in catalogue]
    return _table(["event", "emitted by", "consumed by"], rows)


def _envelope(schemas: dict[str, Any]) -> str:
    heading = f"## The envelope\n\n{_prose(schemas[Envelope.__name__]['description'])}\n"
    return f"{heading}\n{_fields(schemas[Envelope.__name__], schemas)}"


def _section(spec: EventSpec, schemas: dict[str, Any]) -> str:
    example = examples.event(spec.payload).model_dump_json(indent=2)
    return (
        f"## {spec.type}\n\n{spec.summary} Emitted by {_by(spec)}; consumed by {_to(spec)}.\n\n"
        f"{_fields(schemas[spec.payload.__name__], schemas)}\n```json\n{example}\n```\n"
    )


def _by(spec: EventSpec) -> str:
    return SERVICES[spec.producer].name


def _to(spec: EventSpec) -> str:
    return ", ".join(SERVICES[key].name for key in sorted(spec.consumers)) or "nobody (kept for audit)"


def _anchor(heading: str) -> str:
    """As GitHub makes it of a heading."""
    return heading.lower().replace(".", "")


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    rows = [list(row) for row in _rows(schema, schemas, "")]
    return _table(["field", "type", "meaning"], rows)


def _rows(schema: dict[str, Any], schemas: dict[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in schema["properties"].items():
        yield f"`{prefix}{name}`", _type(field, schemas), _prose(field.get("description", ""))
        nested = schemas.get(_referred(field), {})
        if "properties" in nested:
            yield from _rows(nested, schemas, f"{prefix}{name}.")


def _type(field: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(each, schemas) for each in field["anyOf"])
    if "const" in field:
        return f"`{field['const']}`"
    if "$ref" in field:
        return str(schemas[_referred(field)].get("type", "any"))
    return str(field.get("format", field.get("type", "any")))


def _referred(field: dict[str, Any]) -> str:
    return str(field.get("$ref", "")).rpartition("/")[2]


def _prose(text: str) -> str:
    """One line of Markdown, safe inside a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
