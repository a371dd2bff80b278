"""The product's templates say something about every event that people are told of."""

import re
from typing import Any

import pytest
import yaml

from services.notification import templates
from services.notification.domain.routing import RULES
from services.notification.domain.templates import Template
from services.schemas import examples
from services.schemas.events import EventPayload

each_event = pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.event_type)


def values(kind: type[EventPayload]) -> dict[str, Any]:
    return kind.model_validate(examples.event(kind).data, strict=False).model_dump()


def test_there_is_one_for_each_event_in_english_and_no_other() -> None:
    assert {(each.event_type, each.locale) for each in templates.PRODUCT} == {
        (kind.event_type, "en") for kind in RULES
    }


@each_event
def test_it_renders_the_published_example(kind: type[EventPayload]) -> None:
    words = templates.PRODUCT.choose(kind.event_type, "en").render(values(kind))
    assert words.title
    assert len(words.body.splitlines()) == len(templates.PRODUCT.choose(kind.event_type, "en").body)
    for text in (words.title, words.body, words.link):
        assert not re.search(r"[{}]|None", text)


@each_event
def test_it_links_to_what_it_is_about(kind: type[EventPayload]) -> None:
    words = templates.PRODUCT.choose(kind.event_type, "en").render(values(kind))
    assert words.link.endswith(f"/{examples.event(kind).subject}")


def test_the_approval_tells_the_promise() -> None:
    kind = next(kind for kind in RULES if kind.__name__ == "ModelApproved")
    words = templates.PRODUCT.choose(kind.event_type, "en").render(values(kind))
    assert words.title == "Fewer unplanned stops at Nordwerk Pumps was approved"
    assert words.body.splitlines() == [
        "grace@vendor.example approved version 2 of Fewer unplanned stops at Nordwerk Pumps.",
        "Net present value: EUR 1,284,351.",
        "Return on investment: 241%.",
        "Payback: 9.5 months.",
    ]


def test_a_model_that_never_pays_back_says_nothing_of_payback() -> None:
    kind = next(kind for kind in RULES if kind.__name__ == "ModelApproved")
    fields = values(kind)
    fields["headline"] |= {"roi": None, "payback_months": None}
    body = templates.PRODUCT.choose(kind.event_type, "en").render(fields).body
    assert body.splitlines()[1:] == ["Net present value: EUR 1,284,351."]


def test_a_file_that_is_no_template_is_refused() -> None:
    with pytest.raises(ValueError, match="titel"):
        Template.model_validate(
            yaml.safe_load("{event_type: a, locale: en, titel: x, body: [y], link: /api/v1/}")
        )
