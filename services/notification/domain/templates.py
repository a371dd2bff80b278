"""Templates: the words about one type of event in one language, with the event's fields in named places."""

import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from services.schemas.base import Document

DEFAULT_LOCALE = "en"


class UnknownField(Exception):
    """A template names a field that the event does not have."""


class EmptyField(Exception):
    """A template needs a field that is null in this event."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a recipient reads; `link` is a path of the platform's API."""

    title: str
    body: str
    link: str


class Template(Document):
    """The words about one type of event in one language.

    A place is `{name}` or, with a format of Python's, `{headline.npv:,.0f}`; a dot goes into a nested
    document. A line of the body that names a field which is null in an event is left out of that message.
    """

    event_type: str
    locale: str = Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    title: str
    body: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    link: str = Field(pattern=r"^/api/v1/")

    def render(self, values: Mapping[str, Any]) -> Words:
        """The words with an event's values in their places.

        Raises:
            UnknownField: a place names a field that the event does not have.
            EmptyField: the title or the link needs a field that is null.
        """
        return Words(
            title=" ".join(_fill(self.title, values).split()),
            body="\n".join(_lines(self.body, values)),
            link=_fill(self.link, values),
        )


class TemplateBook:
    """Templates by type of event and locale."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._templates = {(each.event_type, each.locale): each for each in templates}

    def __iter__(self) -> Iterator[Template]:
        return iter(self._templates.values())

    def choose(self, event_type: str, locale: str) -> Template:
        """The template in a locale, else in its language, else in English.

        Raises:
            KeyError: there is none for the event.
        """
        for each in (locale, locale.partition("-")[0]):
            if (event_type, each) in self._templates:
                return self._templates[event_type, each]
        return self._templates[event_type, DEFAULT_LOCALE]


class _Places(string.Formatter):
    """Fills places from nested documents; attributes and indexes of Python objects are out of reach."""

    def get_field(self, field_name: str, _args: Any, kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        value: Any = kwargs
        for part in field_name.split("."):
            if value is None:
                break
            if not isinstance(value, Mapping) or part not in value:
                raise UnknownField(field_name)
            value = value[part]
        if value is None:
            raise EmptyField(field_name)
        return value, field_name


_places = _Places()


def _fill(text: str, values: Mapping[str, Any]) -> str:
    return _places.vformat(text, (), values)


def _lines(lines: Iterable[str], values: Mapping[str, Any]) -> Iterator[str]:
    for line in lines:
        try:
            yield _fill(line, values)
        except EmptyField:
            continue
