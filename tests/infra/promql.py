"""As much of PromQL as it takes to say which metrics, labels and functions an expression names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_RANGE = re.compile(r"\[[^\]]*\]")
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}")
_LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)")
_WORD = re.compile(r"(?<![\w:.$])([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\()?")
# Functions of Prometheus 2.24 that rules and panels have a use for; last_over_time, clamp and sgn came later.
FUNCTIONS_OF_2_24 = {
    *("absent", "avg", "count", "label_replace", "max", "min", "sum", "topk", "vector"),
    *("avg_over_time", "max_over_time", "min_over_time", "sum_over_time"),
    *("changes", "delta", "deriv", "increase", "rate", "resets", "histogram_quantile"),
}
_OPERATORS = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan"})


@dataclass(frozen=True, slots=True)
class Expression:
    """What an expression names: labels it selects by, per metric; labels it groups by; functions it calls."""

    selected: dict[str, frozenset[str]]
    grouped_by: frozenset[str]
    functions: frozenset[str]


def parse(text: str) -> Expression:
    """Reads an expression that Prometheus accepts; what it makes of another one is not said."""
    text = _RANGE.sub("", _STRING.sub("''", text))
    grouped_by = {
        label.strip() for _, labels in _GROUPING.findall(text) for label in labels.split(",") if label.strip()
    }
    text = _GROUPING.sub(" ", text)
    selected: dict[str, set[str]] = {}
    for name, matchers in _SELECTOR.findall(text):
        selected.setdefault(name, set()).update(_LABEL.findall(matchers))
    words = list(_words(_SELECTOR.sub(" ", text)))
    for word, is_call in words:
        if not is_call:
            selected.setdefault(word, set())
    return Expression(
        {name: frozenset(labels) for name, labels in selected.items()},
        frozenset(grouped_by),
        frozenset(word for word, is_call in words if is_call),
    )


def _words(text: str) -> Iterator[tuple[str, bool]]:
    for match in _WORD.finditer(text):
        if match[1].lower() not in _OPERATORS:
            yield match[1], match[2] is not None
