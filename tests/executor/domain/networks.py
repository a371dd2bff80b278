"""Networks for tests: from the golden tables' notation, and at random."""

import re
from typing import Any

from hypothesis import strategies as st

from services.schemas.network import Link, Network, NetworkActivity

_LINK = re.compile(r"^(\S+)(?: (FS|SS|FF|SF)([+-]\S+))?$")


def key_of(name: str) -> str:
    """A golden activity's name as a key: "A" is a, "1-2" is n1_2."""
    lowered = name.lower().replace("-", "_")
    return lowered if lowered[0].isalpha() else f"n{lowered}"


def golden_network(case: dict[str, Any]) -> Network:
    """The network of a case of `cpm.yaml`."""
    return Network(
        activities=tuple(
            NetworkActivity(
                key=key_of(each["id"]),
                duration=float(each["duration"]),
                links=tuple(_link(text) for text in each["predecessors"]),
            )
            for each in case["inputs"]["activities"]
        )
    )


def _link(text: str) -> Link:
    found = _LINK.match(text)
    assert found is not None, text
    name, kind, lag = found.groups()
    stated = {"predecessor": key_of(name), "kind": kind or "FS", "lag": float(lag or 0)}
    return Link.model_validate(stated)


@st.composite
def networks(draw: st.DrawFn, *, kinds: str = "FS SS FF SF", least_lag: int = -5) -> Network:
    """A network without circles: each activity depends on some of those before it."""
    activities: list[NetworkActivity] = []
    for number in range(draw(st.integers(1, 12))):
        before = draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else []
        links = tuple(
            Link(
                predecessor=f"a{each}",
                kind=draw(st.sampled_from(kinds.split())),
                lag=float(draw(st.integers(least_lag, 5))),
            )
            for each in before
        )
        duration = float(draw(st.integers(0, 10)))
        activities.append(NetworkActivity(key=f"a{number}", duration=duration, links=links))
    return Network(activities=tuple(draw(st.permutations(activities))))
