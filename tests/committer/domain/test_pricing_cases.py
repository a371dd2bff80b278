"""The published cases of pricing terms: every line of every settlement, to the cent."""

from decimal import Decimal

import pytest

from services.committer.domain.settlement import Facts, Line, claims, statement
from services.schemas.cases import PRICING, PricingCase, SettledLine, SettledStep
from services.schemas.money import minor_units


@pytest.mark.parametrize("case", PRICING, ids=[case.id for case in PRICING])
def test_every_line_is_the_hand_s(case: PricingCase) -> None:
    issued: list[Line] = []
    for step in case.steps:
        lines = _settled(case, step, issued)
        assert [_shown(line) for line in lines] == list(step.lines)
        digits = minor_units(case.currency)
        assert all(line.amount.as_tuple().exponent == -digits for line in lines)
        issued += lines
    assert sum((line.amount for line in issued), Decimal(0)) == case.total


def _settled(case: PricingCase, step: SettledStep, issued: list[Line]) -> list[Line]:
    facts = Facts(case.periods, step.closing + 1, step.gains, step.accepted)
    claimed = claims(case.terms, facts, minor_units(case.currency))
    return statement(case.terms, claimed, issued, closing=step.closing, restated=set(step.restated))


def _shown(line: Line) -> SettledLine:
    place = line.place
    return SettledLine(
        term=place.term,
        part=place.part,
        period=place.period,
        is_correction=line.is_correction,
        amount=line.amount,
    )
