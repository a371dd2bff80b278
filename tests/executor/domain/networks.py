"""Networks for tests, at random."""

from hypothesis import strategies as st

from services.schemas.network import Link, Network, NetworkActivity


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
