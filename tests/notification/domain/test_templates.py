"""Words: places filled, null lines left out, and nothing of Python within reach."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.templates import EmptyField, Template, TemplateBook, UnknownField


def template(**fields: Any) -> Template:
    words = {"title": "{name}", "body": ["{name}"], "link": "/api/v1/things/{id}", "locale": "en"}
    return Template.model_validate({"event_type": "test.thing.done.v1", **words, **fields})


VALUES = {"id": 7, "name": "A thing", "figure": {"amount": 1234.5, "share": None}, "gone": None}


def test_places_are_filled() -> None:
    made = template(body=["{name} is worth {figure.amount:,.1f}.", "Its id is {id}."])
    words = made.render(VALUES)
    assert words.title == "A thing"
    assert words.body == "A thing is worth 1,234.5.\nIts id is 7."
    assert words.link == "/api/v1/things/7"


@pytest.mark.parametrize("place", ["{gone}", "{figure.share:.0%}", "{gone.deeper}"])
def test_a_line_about_nothing_is_left_out(place: str) -> None:
    assert (
        template(body=["{name}.", f"Share: {place}", "The end."]).render(VALUES).body == "A thing.\nThe end."
    )


def test_a_title_about_nothing_is_an_error() -> None:
    with pytest.raises(EmptyField):
        template(title="{gone}").render(VALUES)


@pytest.mark.parametrize(
    "place", ["{nmae}", "{name.upper}", "{name.__class__}", "{figure[amount]}", "{0}", "{}"]
)
def test_what_is_no_field_is_an_error(place: str) -> None:
    with pytest.raises(UnknownField):
        template(body=[place]).render(VALUES)


def test_a_title_is_one_line() -> None:
    assert template().render({**VALUES, "name": "two\nlines\tand  gaps "}).title == "two lines and gaps"


@given(st.text())
def test_a_value_stays_as_it_is_whatever_it_looks_like(name: str) -> None:
    assert template(body=["<{name}>"]).render({**VALUES, "name": name}).body == f"<{name}>"


@pytest.mark.parametrize("link", ["https://elsewhere.example/{id}", "//elsewhere.example", "things/{id}"])
def test_a_link_stays_on_the_platform(link: str) -> None:
    with pytest.raises(ValueError, match="link"):
        template(link=link)


@pytest.mark.parametrize(
    ("locale", "chosen"),
    [("de", "de"), ("de-AT", "de"), ("de-CH", "de-CH"), ("fr", "en"), ("en-GB", "en")],
)
def test_the_nearest_language_is_chosen(locale: str, chosen: str) -> None:
    book = TemplateBook(template(locale=each) for each in ("en", "de", "de-CH"))
    assert book.choose("test.thing.done.v1", locale).locale == chosen


def test_an_event_without_words_is_an_error() -> None:
    with pytest.raises(KeyError):
        TemplateBook([template()]).choose("test.thing.undone.v1", "en")
