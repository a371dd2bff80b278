"""By which channels people are told."""

import pytest

from services.notification.domain.delivery import Channel
from services.notification.domain.preferences import DEFAULTS, channels_of
from services.notification.domain.routing import RULES

BOTH = (Channel.IN_APP, Channel.EMAIL)


def test_everything_comes_to_the_inbox_by_default() -> None:
    assert set(DEFAULTS) == {kind.event_type for kind in RULES}
    assert all(Channel.IN_APP in channels for channels in DEFAULTS.values())


@pytest.mark.parametrize("asking", [kind for kind, rule in RULES.items() if rule.settled_by])
def test_whatever_is_settled_by_something_asks_for_it_by_mail(asking: type) -> None:
    assert DEFAULTS[asking.event_type] == BOTH  # type: ignore[attr-defined]


def test_a_choice_goes_before_the_default() -> None:
    kind = "executor.milestone.accepted.v1"
    assert channels_of(kind, {}) == BOTH
    assert channels_of(kind, {kind: ["email"]}) == (Channel.EMAIL,)
    assert channels_of(kind, {kind: []}) == ()
    assert channels_of(kind, {"executor.plan.created.v1": []}) == BOTH


def test_a_person_is_not_told_by_webhook() -> None:
    kind = "executor.milestone.accepted.v1"
    assert channels_of(kind, {kind: ["webhook", "email"]}) == (Channel.EMAIL,)
