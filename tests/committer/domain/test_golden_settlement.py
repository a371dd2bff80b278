"""Settlements computed by hand: every line, net and total, to the cent."""

from decimal import Decimal
from typing import Any

import pytest

from services.committer.domain.settlement import Facts, Line, claims, statement
from services.schemas.terms import GainShare
from tests.golden import Case, cases, identities

# Nothing converts between currencies here, and a contract has two parties.
_ELSEWHERE = {"fx-usd-to-eur", "fx-eur-to-jpy", "split-three-ways-eur"}
CASES = [case for case in cases("settlement") if case["id"] not in _ELSEWHERE]


def _term(case: Case) -> GainShare:
    given = case["terms"]
    names = ("share", "floor_per_period", "cap_per_period", "holdback")
    document: dict[str, Any] = {name: given[name] for name in names if name in given}
    if "tiers" in given:
        kind = "marginal_tiers" if "up_to" in given["tiers"][0] else "whole_tiers"
        document[kind] = given["tiers"]
    if "committed_gain" in given:
        document["earn_back"] = {"committed_gain": given["committed_gain"], "at_least": "0.90"}
    return GainShare.model_validate(
        {
            "kind": "gain_share",
            "key": "gain_share",
            "label": "Gain share",
            "commitments": ["saved"],
            "rounding": case["conventions"]["rounding"].partition(";")[0].removeprefix("ROUND_").lower(),
            **document,
        }
    )


def _gain(case: Case, period: dict[str, Any], restated: str = "", of: str = "") -> Decimal:
    if f"{restated}gain{of}" in period:
        return Decimal(period[f"{restated}gain{of}"])
    return Decimal(case["terms"]["baseline_per_period"]) - Decimal(period[f"{restated}actual{of}"])


def _statements(case: Case) -> list[list[Line]]:
    term, digits = _term(case), case["conventions"]["minor_unit_digits"]
    first, second = case["periods"]
    known = [[_gain(case, first)], [_gain(case, second, "restated_", "_period_1"), _gain(case, second)]]
    issued: list[Line] = []
    statements = []
    for closed, gains in enumerate(known, start=1):
        facts = Facts(periods=2, closed=closed, gains={term.key: gains}, accepted={})
        restated = {0} if closed == 2 else set()
        claimed = claims([term], facts, digits)
        statements.append(statement([term], claimed, issued, closing=closed - 1, restated=restated))
        issued += statements[-1]
    return statements


def _name(line: Line) -> str:
    period = line.place.period + 1
    match line.place.part, line.is_correction:
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


@pytest.mark.parametrize("case", CASES, ids=identities(CASES))
def test_every_line_is_the_hand_s(case: Case) -> None:
    statements = _statements(case)
    expected = case["expected"]
    for lines, wanted in zip(statements, expected["statements"], strict=True):
        assert [(_name(line), str(line.amount)) for line in lines] == [
            (line["line"], line["amount"]) for line in wanted["lines"]
        ]
        assert str(sum((line.amount for line in lines), Decimal(0))) == wanted["net_payable"]
    total = sum((line.amount for lines in statements for line in lines), Decimal(0))
    assert str(total) == expected["total_paid"]
