"""The demo's last page: what is counted of the bus and of the requests."""

import pytest

from services.launcher.demo.measures import Labels, Measures
from services.launcher.demo.scenes.closing import bus, p95_ms


def labelled(**labels: str) -> Labels:
    return frozenset(labels.items())


def messages(**outcomes: float) -> Measures:
    name = "consumer_messages_total"
    return Measures(
        {
            (name, labelled(service=service, outcome=outcome)): number
            for service in ("committer", "executor")
            for outcome, number in outcomes.items()
        }
    )


def test_a_total_is_over_every_sample_with_the_labels() -> None:
    found = messages(handled=3, dead=1)
    assert found.total("consumer_messages_total", outcome="handled") == 6
    assert found.total("consumer_messages_total", service="committer") == 4
    assert found.total("consumer_messages_total", outcome="retried") == 0
    assert found.total("another_total") == 0


def test_what_came_before_the_story_does_not_count() -> None:
    before, after = messages(handled=1000, retried=2), messages(handled=1500, retried=3, repeated=1, dead=1)
    assert bus(before, after) == "1,000 messages over the bus, 4 redelivered, 2 dead letters"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([0.2], 200), ([n / 1000 for n in range(1, 101)], 95), ([n / 1000 for n in range(1, 11)], 10)],
)
def test_p95_is_the_duration_that_95_percent_do_not_exceed(seconds: list[float], expected: float) -> None:
    assert p95_ms(seconds) == pytest.approx(expected)
