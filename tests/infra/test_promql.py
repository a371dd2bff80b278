import pytest

from tests.infra.promql import parse


@pytest.mark.parametrize(
    ("text", "selected", "grouped_by", "functions"),
    [
        ("up == 0", {"up": set()}, set(), set()),
        (
            'histogram_quantile(0.95, sum by (service, le) (rate(a_bucket{x=~"b{c}", y!="(d"}[5m])))',
            {"a_bucket": {"x", "y"}},
            {"service", "le"},
            {"histogram_quantile", "sum", "rate"},
        ),
        (
            "a:b:rate5m / on (q) group_left (r) (avg_over_time(c[1h] offset 5m) > 1.5e3) or 0 * d",
            {"a:b:rate5m": set(), "c": set(), "d": set()},
            {"q", "r"},
            {"avg_over_time"},
        ),
        ("sum(a{b='c'}) without (e) + a{d='e'}", {"a": {"b", "d"}}, {"e"}, {"sum"}),
    ],
)
def test_what_an_expression_names(
    text: str, selected: dict[str, set[str]], grouped_by: set[str], functions: set[str]
) -> None:
    found = parse(text)
    assert found.selected == {name: frozenset(labels) for name, labels in selected.items()}
    assert (found.grouped_by, found.functions) == (frozenset(grouped_by), frozenset(functions))
