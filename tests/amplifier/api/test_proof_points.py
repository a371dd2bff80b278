"""Proof points: what closed periods prove of a driver, published once asked for."""

from tests.amplifier.api.cases import (
    PLANS,
    active,
    closed,
    events_about,
    got,
    measured,
    reading,
    refused,
    succeeded,
)
from tests.harness.platform import Company


async def test_a_driver_s_realised_figure_is_published(company: Company) -> None:
    sam = company.person("sam", "success-lead")
    plan = await active(company)
    path = f"{PLANS}/{plan['id']}/proof-points"
    await measured(sam, plan)
    body = {"driver_key": "downtime"}
    assert refused(await sam.post(path, json=body)) == (409, "no_proof")
    await closed(company, plan)
    await measured(sam, plan, [reading("2026-05", "11", "2026-06-02")])
    await closed(company, plan, "2026-Q2")
    point = succeeded(await sam.post(path, json=body))
    # 200 * 6 in the first quarter and 200 * 9 in the second; reached: 11 hours.
    assert (point["measured"], point["realised"]["amount"]) == ("11", "3000.00")
    assert (point["input"], point["metric"]) == ("hours", "downtime_hours")
    assert point["periods"] == ["2026-Q1", "2026-Q2"]
    assert (await got(sam, path))["items"] == [point]
    event = (await events_about(company, plan))[-1]
    assert event.type == "amplifier.proof-point.published.v1"
    assert event.payload["proof_point_id"] == point["id"]
    assert (event.payload["measured"], event.payload["published_by"]) == ("11", "sam")
    for unproved in ("scrapped", "unmeasured"):
        assert refused(await sam.post(path, json={"driver_key": unproved})) == (409, "no_proof")
