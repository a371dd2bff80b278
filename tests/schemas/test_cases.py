"""The tables of cases hold what was published and what was computed by hand, figure by figure."""

import re
from decimal import Decimal
from typing import Any

import pytest

from services.schemas.cases import NETWORKS, PRICING, PricingCase, SettledLine
from services.schemas.network import Network
from tests.golden import Case, cases, identities

# The PERT cases state three-point estimates, which are the simulation's.
PRINTED = [case for case in cases("cpm") if case["id"].startswith("cpm-")]
# Nothing converts between currencies here, and a contract has two parties.
_ELSEWHERE = {"fx-usd-to-eur", "fx-eur-to-jpy", "split-three-ways-eur"}
BY_HAND = [case for case in cases("settlement") if case["id"] not in _ELSEWHERE]

_LINK = re.compile(r"^(\S+)(?: (FS|SS|FF|SF)([+-]\S+))?$")


@pytest.mark.parametrize("case", PRINTED, ids=identities(PRINTED))
def test_a_printed_schedule_stands_in_the_table(case: Case) -> None:
    known = next(each for each in NETWORKS if each.id == case["id"])
    assert known.network == _network(case)
    assert known.schedule.duration == case["expected"]["project_duration"]["value"]
    assert list(known.schedule.critical_path) == [_key(name) for name in case["expected"]["critical_path"]]
    by_key = {each.key: each for each in known.schedule.activities}
    for name, printed in case["expected"]["table"].items():
        each = by_key[_key(name)]
        row = [each.early_start, each.early_finish, each.late_start, each.late_finish, each.total_float]
        assert [value for value in printed if value is not None] == [
            value for value, stated in zip(row, printed, strict=True) if stated is not None
        ]


@pytest.mark.parametrize("case", BY_HAND, ids=identities(BY_HAND))
def test_a_settlement_by_hand_stands_in_the_table(case: Case) -> None:
    known = next(each for each in PRICING if each.id == case["id"])
    first, second = known.steps
    assert _gains(first) == [_gain(case, case["periods"][0])]
    later = case["periods"][1]
    assert _gains(second) == [_gain(case, later, "restated_", "_period_1"), _gain(case, later)]
    for step, wanted in zip(known.steps, case["expected"]["statements"], strict=True):
        assert [(_name(line), str(line.amount)) for line in step.lines] == [
            (line["line"], line["amount"]) for line in wanted["lines"]
        ]
        assert str(step.net) == wanted["net_payable"]
    assert str(known.total) == case["expected"]["total_paid"]


@pytest.mark.parametrize("case", PRICING, ids=[case.id for case in PRICING])
def test_lines_add_up(case: PricingCase) -> None:
    for step in case.steps:
        assert sum((line.amount for line in step.lines), Decimal(0)) == step.net
    assert sum((step.net for step in case.steps), Decimal(0)) == case.total
    places = {(line.term, line.part, line.period) for step in case.steps for line in step.lines}
    assert sum((case.due(*place) for place in places), Decimal(0)) == case.total


def test_every_kind_of_term_and_rounding_and_number_of_decimals_occurs() -> None:
    terms = [term for case in PRICING for term in case.terms]
    assert {term.kind for term in terms} == {"subscription", "milestone", "gain_share"}
    assert {term.rounding for term in terms if term.kind == "gain_share"} == {"half_even", "half_up", "down"}
    assert {"JPY", "EUR", "KWD"} <= {case.currency for case in PRICING}


def _network(case: Case) -> Network:
    """The network in the notation of the printed tables: "A SS+1" is a link to a."""
    return Network.model_validate(
        {
            "activities": [
                {
                    "key": _key(each["id"]),
                    "duration": float(each["duration"]),
                    "links": [_link(text) for text in each["predecessors"]],
                }
                for each in case["inputs"]["activities"]
            ]
        }
    )


def _link(text: str) -> dict[str, Any]:
    found = _LINK.match(text)
    assert found is not None, text
    name, kind, lag = found.groups()
    return {"predecessor": _key(name), "kind": kind or "FS", "lag": float(lag or 0)}


def _key(name: str) -> str:
    """An activity's name as a key: "A" is a, "1-2" is n1_2."""
    lowered = name.lower().replace("-", "_")
    return lowered if lowered[0].isalpha() else f"n{lowered}"


def _gains(step: Any) -> list[Decimal]:
    return list(step.gains["gain_share"])


def _gain(case: Case, period: dict[str, Any], restated: str = "", of: str = "") -> Decimal:
    if f"{restated}gain{of}" in period:
        return Decimal(period[f"{restated}gain{of}"])
    return Decimal(case["terms"]["baseline_per_period"]) - Decimal(period[f"{restated}actual{of}"])


def _name(line: SettledLine) -> str:
    period = line.period + 1
    match line.part, line.is_correction:
        case "charge", False:
            return f"gain-share period {period}"
        case "charge", True:
            return f"true-up period {period}"
        case "holdback", False:
            return f"holdback period {period}"
        case "holdback", True:
            return f"true-up of holdback period {period}"
        case _:
            return "earn-back of holdback"
