"""The whole life of a promise over the public API alone, against whichever platform stands.

Without options the test starts the embedded platform; `--base-url` names one that stands already, `--traces`
where its traces are read.
"""

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from services.chassis.roles import ROLES
from services.launcher.demo import lifecycle, measures
from services.launcher.demo.gateway import Asked, Gateway
from services.launcher.demo.measures import Measures
from services.launcher.demo.messages import EVENTS
from services.launcher.demo.people import People
from tests.harness.standing import WAYS, Standing
from tests.harness.traces import Trace
from tests.harness.waiting import eventually
from tests.platform import lifecycle_by_hand as by_hand

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "standing" in metafunc.fixturenames:
        here = ["embedded", pytest.param("six_processes", marks=pytest.mark.chaos)]
        ways = ["given"] if metafunc.config.getoption("--base-url") else here
        metafunc.parametrize("standing", ways, indirect=True, scope="module")


@pytest.fixture(scope="module")
async def standing(request: pytest.FixtureRequest) -> AsyncIterator[Standing]:
    async with WAYS[request.param](request) as found:
        yield found


@dataclass(frozen=True, slots=True)
class Story:
    """What was made at each step, what was asked for it, and the platform's measures around it."""

    made: dict[str, list[Any]]
    asked: list[Asked]
    people: People
    before: Measures
    after: Measures

    def one(self, step: str) -> Any:
        [made] = self.made[step]
        return made


@pytest.fixture(scope="module")
async def story(standing: Standing) -> AsyncIterator[Story]:
    """The story, walked once."""
    before = await measures.read(*standing.metrics)
    async with standing.tenant() as asked:
        people, made = People.of(asked), defaultdict(list)
        hooks = standing.post.hooks.url if standing.post else None
        async for step in lifecycle.walk(people, hooks=hooks):
            made[step.name].append(step.made)
        after = await measures.read(*standing.metrics)
        yield Story(made, list(asked.asked), people, before, after)


def test_the_promise_is_drawn_from_the_approved_model(story: Story) -> None:
    model, contract = story.one("model"), story.one("contract")
    assert contract["version_hash"] == model["current"]["version_hash"]
    assert [each["driver_key"] for each in story.one("commitments")] == list(by_hand.DRIVERS)
    downtime = story.one("commitments")[0]
    assert (downtime["baseline"], downtime["target"], downtime["at_baseline"][0]) == ("26.5", "20", "0.00")
    by_period = [
        sum(Decimal(each["committed"][place]) for each in contract["commitments"]) for place in range(4)
    ]
    assert by_period == [Decimal(each["committed"]["amount"]) for each in contract["calendar"]]
    assert sum(by_period) == Decimal(contract["committed_value"]["amount"])


def test_two_parties_sign_and_the_saga_puts_the_contract_in_force(story: Story) -> None:
    contract, saga = story.one("contract"), story.one("saga")
    assert contract["requested_by"] != contract["approved_by"]
    signers = [contract[f"{party}_signature"]["by"] for party in ("vendor", "customer")]
    assert signers == ["dario@vendor.example", "selma.aydin@havelland.example"]
    assert (contract["state"], saga["status"]) == ("active", "done")
    assert [(each["action"]["participant"], each["action"]["status"]) for each in saga["steps"]] == [
        ("architect", "done"),
        ("executor", "done"),
        ("amplifier", "done"),
    ]


async def test_the_delivery_has_a_critical_path_and_ends_accepted(story: Story) -> None:
    """8 + 15 + 15 + 5 + 20 + 15 + 28 + 5 working days, one activity after the other."""
    schedule = story.one("schedule")
    path = ["survey", "order", "install", "check", "tune", "pilot", "quality", "handover"]
    assert (schedule["critical_path"], schedule["duration"]) == (path, 111)
    pilot = next(each for each in story.made["report"] if each["entry"].get("percent") == 40)
    late = {each["key"]: each["late_by_days"] for each in pilot["schedule"]["milestones"]}
    assert late["go_live"] == 7, "the pilot began late: its milestone is at risk"
    accepted = {each["key"]: (each["accepted_on"], each["accepted_by"]) for each in story.one("milestones")}
    assert accepted["go_live"] == ("2025-05-09", "katrin.behnke@havelland.example")
    assert {each["state"] for each in story.one("milestones")} == {"accepted"}
    [plan] = await story.people.delivery_manager.all(
        "/api/v1/executor/plans", contract_id=story.one("contract")["id"]
    )
    assert plan["state"] == "completed"


def test_four_quarters_are_closed_by_a_second_person(story: Story) -> None:
    assert [each["key"] for each in story.made["closing"]] == list(by_hand.QUARTERS)
    assert {(each["requested_by"], each["closed_by"]) for each in story.made["closing"]} == {
        ("sam@vendor.example", "grace@vendor.example")
    }


def test_what_was_realised_is_what_a_hand_works_out(story: Story) -> None:
    known = by_hand.readings()
    told = {
        (driver["driver_key"], each["period"]): Decimal(each["realised"]["amount"])
        for driver in story.one("realised")
        for each in driver["periods"]
    }
    assert told == {
        (driver, quarter): by_hand.realised(driver, quarter, known)
        for driver in by_hand.DRIVERS
        for quarter in by_hand.QUARTERS
    }


def test_a_gap_changes_what_the_second_quarter_brought(story: Story) -> None:
    """Nobody measured the downtime of May: the mean is that of two months. Had May been as April, 25.9 hours,
    the quarter's mean were 25.5 hours, and a seventh less was realised."""
    figure = _figure(story.made["closing"][1], "unplanned_downtime")
    assert (figure["gaps"], figure["measured"]) == (["2025-05"], "25.3")
    assert figure["realised"]["amount"] == "14688.00"
    filled = {**by_hand.readings(), ("unplanned_downtime_hours", "2025-05"): Decimal("25.9")}
    assert by_hand.realised("unplanned_downtime", "2025-Q2", filled) == Decimal("12240.00")


def test_a_late_correction_changes_what_the_first_quarter_brought(story: Story) -> None:
    """March's scrap was written down as 0.0246, and in June as 0.0268."""
    closed, restated = story.made["closing"][0], story.one("restatement")
    assert [_figure(each, "scrap_and_rework")["realised"]["amount"] for each in (closed, restated)] == [
        "13267.50",
        "3202.50",
    ]
    known = by_hand.readings("2025-04-15"), by_hand.readings("2025-07-15")
    assert [by_hand.realised("scrap_and_rework", "2025-Q1", each) for each in known] == [
        Decimal("13267.50"),
        Decimal("3202.50"),
    ]


def test_a_noisy_month_changes_what_the_third_quarter_brought(story: Story) -> None:
    """In August the works stood still, and the energy index was 1.0652. Had it been the mean of July's and
    September's, 0.97185, energy had brought 25,138.65; so it cost money, and the share of the gain fell."""
    figure = _figure(story.made["closing"][2], "energy_use")
    assert figure["realised"]["amount"] == "-2649.31"
    quiet = {**by_hand.readings(), ("energy_per_output_index", "2025-08"): Decimal("0.97185")}
    assert by_hand.realised("energy_use", "2025-Q3", quiet) == Decimal("25138.65")
    assert by_hand.fee("2025-Q3", quiet) == Decimal("14557.30")
    assert _line(story.made["settlement"][3], "gain_share", "2025-Q3") == Decimal("10389.10")


def test_every_line_of_every_settlement_is_what_a_hand_works_out(story: Story) -> None:
    told = [
        [(line["term"], line["period"], Decimal(line["amount"]["amount"])) for line in each["lines"]]
        for each in story.made["settlement"]
    ]
    assert told == by_hand.settlements()
    for each in story.made["settlement"]:
        assert Decimal(each["net"]["amount"]) == sum(
            Decimal(line["amount"]["amount"]) for line in each["lines"]
        )
    assert [each["number"] for each in story.made["settlement"]] == [1, 2, 3, 4, 5]


def test_the_restatement_is_a_true_up_line_of_the_next_settlement(story: Story) -> None:
    """The first quarter's gain was 816.00 + 13,267.50 + 714.42 = 14,797.92, and 15 % of it are 2,219.69. The
    correction leaves 4,732.92, and 709.94: the floor is 1,000.00, so 1,219.69 go back."""
    true_up = next(line for line in story.made["settlement"][2]["lines"] if line["is_correction"])
    assert true_up["label"] == "True-up 2025-Q1: Share of the gain"
    assert Decimal(true_up["amount"]["amount"]) == Decimal("1000.00") - Decimal("2219.69")


async def test_nothing_is_settled_but_what_is_due(story: Story) -> None:
    """Over the year: four subscriptions, the milestone, and the shares as restated, from floor to cap."""
    issued = await story.people.deal_manager.all(
        "/api/v1/committer/settlements", contract_id=story.one("contract")["id"]
    )
    shares = [Decimal("1000.00"), Decimal("5440.95"), Decimal("10389.10"), Decimal("22000.00")]
    assert sum(Decimal(each["net"]["amount"]) for each in issued) == 4 * 60_000 + 45_000 + sum(shares)
    contract = await story.people.deal_manager.get(
        f"/api/v1/committer/contracts/{story.one('contract')['id']}"
    )
    assert (contract["state"], contract["settled_periods"]) == ("completed", 4)


def test_the_proof_point_moves_the_benchmark(story: Story) -> None:
    proof = story.one("proof")
    assert (proof["before"]["proof_points"], proof["before"]["base"]) == (0, None)
    assert (proof["after"]["proof_points"], proof["after"]["base"]) == (1, proof["point"]["measured"])
    assert Decimal(proof["point"]["measured"]).quantize(Decimal("0.0001")) == Decimal("20.8667")


async def test_one_trace_spans_gateway_services_sql_and_bus(story: Story, standing: Standing) -> None:
    """The customer's signature: what it began at the other services, over the bus, is in its trace."""
    if standing.traces is None:
        pytest.skip("--traces does not say where traces are read")
    traces, signed = standing.traces, [each for each in story.asked if each.path.endswith("/sign")][-1]
    others = ("value-architect", "value-executor", "value-amplifier", "notification-service")

    async def whole() -> Trace | None:
        trace = await traces.trace(signed.trace_id)
        return trace if all(trace.of(service, "consumer") for service in others) else None

    trace = await eventually(whole, within_s=30)
    [request] = trace.of("value-committer", "server")
    above = [span for span in trace.spans if span.parent == signed.span_id]
    assert len(above) == 1, "the gateway's span, or the service's own where it makes none"
    assert trace.is_under(request, above[0])
    for service in others:
        assert all(trace.is_under(handled, request) for handled in trace.of(service, "consumer"))
        assert any(statement.startswith("INSERT INTO") for statement in trace.statements(service))
    assert any(statement.startswith("INSERT INTO") for statement in trace.statements("value-committer"))


def test_somebody_is_told_of_every_event_on_every_channel(story: Story) -> None:
    arrived = {
        (each["event_type"], each["channel"])
        for each in story.one("told")
        if each["state"] in {"delivered", "read"}
    }
    assert {(event, "in-app") for event in EVENTS} <= arrived
    if story.made["endpoint"]:
        assert {(event, "webhook") for event in EVENTS} <= arrived
        assert ("committer.settlement.issued.v1", "email") in arrived


def test_e_mails_and_signed_webhooks_arrive(story: Story, standing: Standing) -> None:
    if standing.post is None:
        pytest.skip("it is not known whether the platform of --base-url can reach this machine")
    settlements = {each["id"] for each in story.made["settlement"]}
    for call in standing.post.hooks.calls:
        call.verify(story.one("endpoint")["secret"])
    sent = [json.loads(call.body) for call in standing.post.hooks.calls]
    issued = [each["subject"] for each in sent if each["type"] == "committer.settlement.issued.v1"]
    assert set(issued) == settlements
    assert len(standing.post.mail.to("dario@vendor.example")) >= len(settlements)


@pytest.mark.parametrize(
    ("name", "labels", "least"),
    [
        ("models_approved_total", {}, 1),
        ("value_committed_total", {"currency": "EUR"}, 320_182.66),
        ("milestones_accepted_total", {}, 3),
        ("plans_completed_total", {}, 1),
        ("periods_closed_total", {}, 4),
        ("periods_restated_total", {}, 1),
        ("value_realised_total", {"currency": "EUR"}, 305_790.18),
        ("value_settled_total", {"currency": "EUR"}, 323_830.05),
        ("notifications_total", {"channel": "in-app", "outcome": "delivered"}, 20),
    ],
)
def test_what_the_business_counts_has_moved(
    story: Story, name: str, labels: dict[str, str], least: float
) -> None:
    moved = story.after.total(name, **labels) - story.before.total(name, **labels)
    assert round(moved, 2) >= least


async def test_another_tenant_sees_none_of_it(story: Story, standing: Standing) -> None:
    """Whoever has every role of a vendor there asks for everything that the story read."""
    async with standing.tenant() as elsewhere:
        for path in sorted({each.path for each in story.asked if each.method == "GET"}):
            await _sees_nothing(elsewhere, path, story)


async def _sees_nothing(elsewhere: Gateway, path: str, story: Story) -> None:
    stranger = elsewhere.person("mallory", *ROLES.keys() - {"customer"})
    answer = await elsewhere.send("GET", path, headers=stranger.headers, params={})
    if UUID.search(path) and "/drivers/" not in path:
        assert answer.status_code == 404, path
        return
    assert answer.is_success, path
    assert not _ids(answer.text) & _ids(json.dumps(story.made)), path
    if "/drivers" not in path:
        assert [each for each in answer.json()["items"] if each.get("sub") != "mallory"] == [], path


def _ids(text: str) -> set[str]:
    return set(UUID.findall(text))


def _figure(period: Any, commitment: str) -> Any:
    return next(each for each in period["figures"] if each["commitment"] == commitment)


def _line(settlement: Any, term: str, period: str) -> Decimal:
    [amount] = [
        Decimal(line["amount"]["amount"])
        for line in settlement["lines"]
        if (line["term"], line["period"], line["is_correction"]) == (term, period, False)
    ]
    return amount
