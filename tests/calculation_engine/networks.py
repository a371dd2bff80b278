"""Small activity networks, and random ones."""

from typing import Any

from hypothesis import strategies as st

from services.schemas.network import Network

Json = dict[str, Any]


def an_activity(key: str, points: tuple[float, float, float], *predecessors: str, **fields: Any) -> Json:
    """One with a three-point estimate, planned at its likely duration, after others."""
    optimistic, likely, pessimistic = points
    return {
        "key": key,
        "duration": likely,
        "estimate": {"optimistic": optimistic, "most_likely": likely, "pessimistic": pessimistic},
        "links": [{"predecessor": each} for each in predecessors],
        **fields,
    }


_days = st.floats(0, 30).map(lambda days: round(days, 2))
_lags = st.floats(-10, 10).map(lambda days: round(days, 2))


@st.composite
def random_networks(draw: st.DrawFn) -> Network:
    """Up to twelve activities with estimates, and links of every kind to earlier ones."""
    activities: list[Json] = []
    for index in range(draw(st.integers(1, 12))):
        points = sorted(draw(st.tuples(_days, _days, _days)))
        before = draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set()
        activities.append(
            an_activity(
                f"a{index}",
                (points[0], points[1], points[2]),
                links=[
                    {
                        "predecessor": f"a{each}",
                        "kind": draw(st.sampled_from(["FS", "SS", "FF", "SF"])),
                        "lag": draw(_lags),
                    }
                    for each in sorted(before)
                ],
            )
        )
    # Their order in the document means nothing.
    return Network.model_validate({"activities": draw(st.permutations(activities))})
