"""The made-up customer of `examples/lifecycle/` fits the library, the routes and its own story."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.architect import library
from services.schemas.value_model import Input
from tests.architect.api.cases import (
    ACCOUNTS,
    HYPOTHESES,
    MODELS,
    accepted,
    if_match,
    posted,
    step,
)
from tests.harness.platform import Company

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "lifecycle"


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


def _measurements() -> list[dict[str, str]]:
    with (FOLDER / "measurements.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _with_customer_s_figures(document: dict[str, Any]) -> dict[str, Any]:
    figures = _read("customer-figures.json")
    drivers = [{**driver, "pool": figures["drawn_from"].get(driver["key"])} for driver in document["drivers"]]
    scenarios = {key: {"label": key, "inputs": inputs} for key, inputs in figures["scenarios"].items()}
    return {
        **document,
        "inputs": {**document["inputs"], **figures["inputs"]},
        "drivers": drivers,
        "pools": figures["pools"],
        "scenarios": scenarios,
    }


@pytest.fixture
def ada(company: Company) -> httpx2.AsyncClient:
    return company.person("ada", "value-engineer")


async def test_the_story_is_walked_from_account_to_approval(
    company: Company, ada: httpx2.AsyncClient
) -> None:
    account = await posted(ada, ACCOUNTS, _read("account.json"))
    proposals = await posted(ada, f"{HYPOTHESES}/generate", {"account_id": account["id"]})
    by_key = {each["driver_key"]: each for each in proposals["items"]}
    decisions = _read("decisions.json")
    for key in decisions["accept"]:
        await accepted(ada, by_key[key])
    for key, reason in decisions["reject"].items():
        rejected = by_key[key]
        path = f"{HYPOTHESES}/{rejected['id']}/reject"
        await posted(ada, path, {"reason": reason}, **if_match(rejected))
    body = {"source": "hypotheses", "account_id": account["id"], **_read("plan.json")}
    model = await posted(ada, MODELS, body)
    document = _with_customer_s_figures(model["current"]["document"])
    answer = await ada.put(
        f"{MODELS}/{model['id']}", json={"name": model["name"], "document": document}, headers=if_match(model)
    )
    assert answer.status_code == 200, answer.text
    figures = answer.json()["current"]["figures"]["total"]
    assert 0 < figures["roi"] < 5, "realistic rather than flattering"
    assert 6 < figures["payback_months"] < 36
    approver = company.person("ben", "approver")
    approved = await step(approver, await step(ada, answer.json(), "request-review"), "approve")
    assert approved["current"]["state"] == "approved"
    request = {"model": document, **_read("simulation.json"), "draws": 1000}
    simulated = await posted(ada, "/api/v1/calculation-engine/simulations", request)
    assert simulated["probabilities"]["npv_positive"]["value"] > 0.5


def test_every_figure_of_the_customer_is_a_valid_input_of_an_accepted_driver() -> None:
    accepted_keys = set(_read("decisions.json")["accept"])
    known = {name for driver in library.load() if driver.key in accepted_keys for name in driver.inputs}
    figures = _read("customer-figures.json")
    for name, document in figures["inputs"].items():
        Input.model_validate(document)
        assert name in known
    for scenario in figures["scenarios"].values():
        assert set(scenario) <= known
    assert set(figures["drawn_from"]) <= accepted_keys


def test_what_is_measured_is_what_the_accepted_drivers_promise() -> None:
    accepted_keys = set(_read("decisions.json")["accept"])
    promised = {
        driver.kpi.metric: driver.kpi.unit for driver in library.load() if driver.key in accepted_keys
    }
    assert {row["metric"]: row["unit"] for row in _measurements()} == promised


def test_twelve_months_with_one_gap_and_one_late_correction() -> None:
    rows = _measurements()
    months = {row["month"] for row in rows}
    counts = Counter((row["metric"], row["month"]) for row in rows)
    missing = [
        (metric, month)
        for metric in {row["metric"] for row in rows}
        for month in months
        if not counts[metric, month]
    ]
    assert len(months) == 12
    assert missing == [("unplanned_downtime_hours", "2025-05")]
    assert [key for key, count in counts.items() if count > 1] == [("scrap_and_rework_share", "2025-03")]
