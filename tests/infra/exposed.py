"""The metrics that exist, each with its labels: what the services expose, and what stands beside them."""

from functools import cache
from pathlib import Path

import yaml

from services.launcher.documents import unconnected_app
from services.schemas.directory import SERVICES
from tests.infra.promql import parse

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "infra/prometheus/rules"
_OTHERS = ROOT / "tests/data/metrics/others.yml"
_TARGET_LABELS = frozenset({"job", "instance"})
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}

Metrics = dict[str, frozenset[str]]


def of_services() -> Metrics:
    """Everything in the registries of all apps."""
    found: Metrics = {}
    for key in SERVICES:
        for collector in unconnected_app(key).state.runtime.metrics.registry._collector_to_names:
            declared = frozenset(getattr(collector, "_labelnames", ()))
            for family in collector.describe() if hasattr(collector, "describe") else collector.collect():
                labels = declared.union(*(sample.labels for sample in family.samples))
                for suffix in _SUFFIXES.get(family.type, ("",)):
                    extra = {"service", "le"} if suffix == "_bucket" else {"service"}
                    found[family.name + suffix] = labels | extra | _TARGET_LABELS
    return found


def of_others() -> Metrics:
    """What was read from the pages of the other servers."""
    return {
        name: frozenset(labels) | _TARGET_LABELS
        for metrics in yaml.safe_load(_OTHERS.read_text()).values()
        for name, labels in metrics.items()
    }


def recorded(known: Metrics) -> Metrics:
    """What the recording rules make of these: labels are those that a rule groups by, or its sources'."""
    found: Metrics = {}
    for group in yaml.safe_load((RULES / "recording.yml").read_text())["groups"]:
        for rule in group["rules"]:
            expression = parse(rule["expr"])
            sources = [found.get(name) or known.get(name, frozenset()) for name in expression.selected]
            found[rule["record"]] = (expression.grouped_by or frozenset().union(*sources)) - {"le"}
    return found


@cache
def everything() -> Metrics:
    """All metrics that a rule or a dashboard may name."""
    known = of_services() | of_others()
    return known | recorded(known)


def unknown_names(text: str, known: Metrics) -> list[str]:
    """Metrics and labels of an expression that do not exist."""
    expression = parse(text)
    missing = [name for name in expression.selected if name not in known]
    missing += [
        f"{name}{{{label}}}"
        for name, labels in expression.selected.items()
        for label in sorted(labels - known.get(name, labels))
    ]
    labels = frozenset().union(*(known.get(name, frozenset()) for name in expression.selected))
    made = frozenset({"service"} if "label_replace" in expression.functions else ())
    return missing + [f"by ({label})" for label in sorted(expression.grouped_by - labels - made)]
