"""Measurements by REST and by file: all rows or none, every record kept."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.amplifier.api.cases import (
    FIRST_QUARTER,
    MODEL,
    PLANS,
    active,
    approved,
    downtime,
    got,
    measured,
    planned,
    reading,
    refused,
    settled,
    stepped,
    succeeded,
)
from tests.harness.platform import Company

FILE = Path(__file__).resolve().parents[3] / "examples" / "lifecycle" / "measurements.csv"
CSV = {"Content-Type": "text/csv; charset=utf-8"}
MANY = 6


@pytest.fixture
def sam(company: Company) -> httpx2.AsyncClient:
    return company.person("sam", "success-lead")


async def test_every_record_is_kept(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await active(company)
    await measured(sam, plan)
    again = await measured(sam, plan, [*FIRST_QUARTER, reading("2026-02", "13", "2026-05-01")])
    assert again == {
        "added": 1,
        "unchanged": 5,
        "corrections": 1,
        "reopened": [],
        "restatement_due": [],
    }
    path = f"{PLANS}/{plan['id']}/measurements"
    kept = (await got(sam, path, metric="downtime_hours", month="2026-02"))["items"]
    assert [(each["value"], each["recorded_on"]) for each in kept] == [
        ("13", "2026-05-01"),
        ("14", "2026-03-03"),
    ]
    assert {each["recorded_by"] for each in kept} == {"sam"}
    assert len((await got(sam, path))["items"]) == 6


async def test_of_a_bad_upload_nothing_is_kept(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await active(company)
    path = f"{PLANS}/{plan['id']}/measurements"
    rows = [
        *FIRST_QUARTER,
        reading("2026-02", "1", "2026-03-03", "mood"),
        reading("2031-01", "1", "2031-02-03"),
    ]
    answer = await sam.post(path, json={"rows": rows})
    assert refused(answer) == (422, "bad_rows")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/rows/5/metric", "/rows/6/month"]
    malformed = await sam.post(path, json={"rows": [*FIRST_QUARTER, {**FIRST_QUARTER[0], "value": "much"}]})
    assert refused(malformed) == (422, "validation_failed")
    assert [error["pointer"] for error in malformed.json()["errors"]] == ["/rows/5/value"]
    assert (await got(sam, path))["items"] == []


async def test_a_file_of_the_lifecycle_is_taken_as_it_is(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await _plan_of_the_story(company, sam)
    path = f"{PLANS}/{plan['id']}/measurements/import"
    content = await asyncio.to_thread(FILE.read_bytes)
    taken = succeeded(await sam.post(path, content=content, headers=CSV))
    assert (taken["added"], taken["corrections"]) == (48, 0)
    again = succeeded(await sam.post(path, content=content, headers=CSV))
    assert (again["added"], again["unchanged"]) == (0, 48)
    found = await got(sam, f"{PLANS}/{plan['id']}/realised-value")
    stops, scrap = found["items"]
    assert [each["gaps"] for each in stops["periods"]] == [[], ["2025-05"], [], []]
    assert stops["periods"][1]["measured"] == "25.3"
    # The mean of 0.0269, 0.0266 and the correction, 0.0268.
    assert scrap["periods"][0]["measured"] == "0.0267666666666667"


async def test_a_file_is_text_csv_and_bounded(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await active(company)
    path = f"{PLANS}/{plan['id']}/measurements/import"
    assert refused(await sam.post(path, json={"rows": FIRST_QUARTER})) == (415, "unsupported_media_type")
    bad = await sam.post(path, content=b"metric,month\nhours,2026\n", headers=CSV)
    assert refused(bad) == (422, "bad_file")
    assert [error["pointer"] for error in bad.json()["errors"]][:1] == ["/rows/0/month"]
    large = await sam.post(path, content=b"x" * (1024 * 1024 + 1), headers=CSV)
    assert refused(large) == (413, "payload_too_large")


async def test_uploads_at_once_are_taken_in_turn(company: Company, sam: httpx2.AsyncClient) -> None:
    plan = await active(company)
    answers = await asyncio.gather(*(measured(sam, plan) for _ in range(MANY)))
    assert sorted(answer["added"] for answer in answers) == [0] * (MANY - 1) + [len(FIRST_QUARTER)]


async def test_a_review_is_of_what_is_known_when_it_is_asked_for(
    company: Company, sam: httpx2.AsyncClient
) -> None:
    """Whichever comes first: figures under review are always those of all measurements."""
    plan = await active(company)
    late = [reading("2026-01", "10", "2026-05-01")]
    await measured(sam, plan)
    review, _ = await asyncio.gather(stepped(sam, plan, "request-review"), measured(sam, plan, late))
    assert review.status_code in {200, 409, 412}
    period = await got(sam, f"{PLANS}/{plan['id']}/periods/2026-Q1")
    assert period["figures"][0]["measured"] == "12"
    assert (period["state"] == "in_review") == (period["figures"][0]["realised"] is not None)


async def _plan_of_the_story(company: Company, sam: httpx2.AsyncClient) -> dict[str, Any]:
    """The four KPIs of the made-up customer, of which two are promised."""
    story = [
        ("downtime", "unplanned_downtime_hours", "hours/month", "hours"),
        ("scrap", "scrap_and_rework_share", "share", "share"),
        ("energy", "energy_per_output_index", "share of baseline", "index"),
        ("invoices", "cost_per_supplier_invoice", "currency", "cost"),
    ]
    kpi = {"direction": "decrease", "aggregation": "mean"}
    document = {
        **MODEL,
        "inputs": {
            name: {"label": name, "unit": unit, "value": 1, "evidence": "assumption"}
            for _, _, unit, name in story
        },
        "drivers": [
            {
                "key": key,
                "label": key,
                "category": "operations",
                "realisation": "cashable",
                "formula": name,
                "kpi": {**kpi, "input": name, "metric": metric, "unit": unit},
            }
            for key, metric, unit, name in story
        ],
    }
    promised = [
        downtime(key=key, driver_key=key, metric=metric, unit=unit, due_period="2025-Q4", committed=["1"] * 4)
        for key, metric, unit, _ in story[:2]
    ]
    quarters = [
        {"key": f"2025-Q{n + 1}", "start": f"2025-{3 * n + 1:02}-01", "end": f"{ends}-01"}
        for n, ends in enumerate(("2025-04", "2025-07", "2025-10", "2026-01"))
    ]
    body = planned(await approved(company, document), commitments=promised, periods=quarters)
    plan = await settled(sam, succeeded(await sam.post(PLANS, json=body)))
    assert plan["state"] == "active", plan["findings"]
    return plan
