"""Prometheus as it is configured: rules that its oldest supported version takes, each alert seen to fire."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.schemas.directory import SERVICES
from tests.infra.exposed import ROOT, RULES, everything, unknown_names
from tests.infra.promql import FUNCTIONS_OF_2_24, parse
from tests.servers.missing import MissingServer, skip_or_fail
from tests.servers.prometheus import promtool

_PROMETHEUS = RULES.parent
_CASES = sorted((_PROMETHEUS / "tests").glob("*.yml"))
_RUNBOOK = ROOT / "docs/runbook.md"

_FIELDS_OF_2_24 = frozenset({"record", "alert", "expr", "for", "labels", "annotations"})


def _rules(path: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load(path.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = _rules(RULES / "alerts.yml")
RECORDINGS = _rules(RULES / "recording.yml")


def _name(rule: dict[str, Any]) -> str:
    return str(rule.get("alert") or rule["record"])


@pytest.mark.parametrize("rule", [*RECORDINGS, *ALERTS], ids=_name)
def test_a_rule_names_what_exists_and_is_understood_by_the_oldest_version(rule: dict[str, Any]) -> None:
    assert unknown_names(rule["expr"], everything()) == []
    assert parse(rule["expr"]).functions <= FUNCTIONS_OF_2_24
    assert rule.keys() <= _FIELDS_OF_2_24
    assert "@" not in rule["expr"]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("http_request_total", ["http_request_total"]),
        ('http_requests_total{code="200"}', ["http_requests_total{code}"]),
        ("sum by (tenant) (outbox_backlog)", ["by (tenant)"]),
        ("service:http_errors:ratio7m", ["service:http_errors:ratio7m"]),
    ],
)
def test_what_does_not_exist_is_found(text: str, missing: list[str]) -> None:
    assert unknown_names(text, everything()) == missing


@pytest.mark.parametrize("cases", _CASES, ids=lambda path: path.stem)
def test_alerts_fire_and_keep_quiet(cases: Path) -> None:
    try:
        told = promtool("test", "rules", cases)
    except MissingServer as error:
        skip_or_fail(str(error))
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=_name)
def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(alert: dict[str, Any]) -> None:
    fires = {
        bool(check["exp_alerts"])
        for path in _CASES
        for case in yaml.safe_load(path.read_text())["tests"]
        for check in case["alert_rule_test"]
        if check["alertname"] == alert["alert"]
    }
    assert fires == {True, False}


@pytest.mark.parametrize("alert", ALERTS, ids=_name)
def test_each_alert_leads_to_its_section_of_the_runbook(alert: dict[str, Any]) -> None:
    path, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert ROOT / path == _RUNBOOK
    assert anchor == alert["alert"].lower()
    assert f"\n### {alert['alert']}\n" in _RUNBOOK.read_text()
    assert alert["labels"]["severity"] in {"page", "ticket"}


def test_every_service_is_scraped_and_missed() -> None:
    jobs = yaml.safe_load((_PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    (discovery,) = jobs[0]["consul_sd_configs"]
    names = [identity.name for identity in SERVICES.values()]
    assert discovery["services"] == names
    (gone,) = [alert for alert in ALERTS if alert["alert"] == "ServiceGone"]
    assert all(f'absent(up{{job="{name}"}})' in gone["expr"] for name in names)
    assert "|".join(names) in gone["expr"]


def test_the_configuration_is_prometheus_s(tmp_path: Path) -> None:
    """But for the discovery through Consul, which not every build has: the stack's tests run that."""
    config = yaml.safe_load((_PROMETHEUS / "prometheus.yml").read_text())
    config["scrape_configs"][0].pop("consul_sd_configs")
    config["rule_files"] = [str(RULES / "*.yml")]
    path = tmp_path / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    try:
        told = promtool("check", "config", path)
    except MissingServer as error:
        skip_or_fail(str(error))
    assert told.returncode == 0, told.stdout + told.stderr
