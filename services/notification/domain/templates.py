"""Templates: the words of a message, with the event's fields in named places."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.schemas.events import EventPayload

_FOLDER = Path(__file__).parent.parent / "templates"
_LONGEST_FIELD = 500


@dataclass(frozen=True, slots=True)
class Template:
    """The title, body and link of the messages about one event type, in one language."""

    event_type: str
    locale: str
    title: str
    body: str
    link: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a recipient reads; `link` is a path of the platform."""

    title: str
    body: str
    link: str


class UnknownField(Exception):
    """A template names a field that the event does not have."""


@cache
def templates() -> Mapping[str, Template]:
    """The product's templates by event type."""
    found = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text())["templates"]:
            found[row["event_type"]] = Template(locale=path.stem, **row)
    return found


def render(template: Template, payload: EventPayload) -> Words:
    """A template with an event's fields in its places.

    Raises:
        UnknownField: it names one that the event does not have.
    """
    fields = _Fields(_flat(payload.model_dump(mode="json")))
    return Words(
        title=fields.vformat(template.title),
        body=fields.vformat(template.body),
        link=fields.vformat(template.link),
    )


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}_"))
        else:
            flat[f"{prefix}{name}"] = "" if value is None else _text(value)
    return flat


def _text(value: object) -> str:
    text = f"{value:,.0f}" if isinstance(value, float) else str(value)
    return text[:_LONGEST_FIELD]


class _Fields(string.Formatter):
    """`{name}` and nothing more: no attributes, no indexes, no conversions of Python's formats."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def vformat(self, text: str) -> str:  # type: ignore[override]  # the fields are its own
        return super().vformat(text, (), self._fields)

    def get_field(self, field_name: str, _args: Any, kwargs: Any) -> tuple[Any, str]:
        if field_name not in kwargs:
            raise UnknownField(field_name)
        return kwargs[field_name], field_name
