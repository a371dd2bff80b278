"""However the events of a contract come, late, twice and in whichever order, they settle the same in the end.

By hand: four quarters of subscription, 400.00; the go-live, 250.00; a fifth of the gain above 225.00, between
10.00 and 150.00: Q1 restated to 851.37 is 125.27, Q2 restated to 5000.00 is the cap, Q3 without a gain the
floor, and Q4 below the baseline nothing: 285.27.
"""

import random
from collections import defaultdict
from decimal import Decimal

import pytest

from services.committer.events import TooEarly
from services.schemas.events import EventPayload
from tests.architect.api.cases import got
from tests.committer.api.cases import SETTLEMENTS, Deal
from tests.committer.api.payloads import accepted, closed, rejected, restated

Q1, Q2, Q3, Q4 = (f"2026-Q{number}" for number in (1, 2, 3, 4))

Told = tuple[EventPayload, int]


async def _tell_until_heard(deal: Deal, story: list[Told]) -> None:
    """As the bus does: what comes too early comes again after the others."""
    while story:
        waiting = []
        for payload, sequence in story:
            try:
                await deal.tell(payload, sequence=sequence)
            except TooEarly:
                waiting.append((payload, sequence))
        assert len(waiting) < len(story)
        story = waiting


@pytest.mark.parametrize("seed", range(4))
async def test_events_shuffled_and_doubled_settle_the_same(deal: Deal, seed: int) -> None:
    contract = await deal.in_force()
    plan = [(rejected(contract), 2), (accepted(contract, "2026-05-31"), 5)]
    success_plan = [
        (closed(contract, Q1, "900.00"), 1),
        (restated(contract, Q1, "5000.00"), 2),
        (closed(contract, Q2, "900.00"), 3),
        (restated(contract, Q1, "851.37"), 4),
        (closed(contract, Q3, "225.00"), 5),
        (restated(contract, Q2, "5000.00"), 6),
        (closed(contract, Q4, "0.00"), 7),
    ]
    story = [*plan, *success_plan] * 2
    random.Random(seed).shuffle(story)  # noqa: S311  # seeded, so that a failure comes again
    await _tell_until_heard(deal, story)
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    settlements = (await got(deal.manager, SETTLEMENTS, contract_id=contract["id"]))["items"]
    for line in (line for each in settlements for line in each["lines"]):
        totals[line["term"]] += Decimal(line["amount"]["amount"])
    assert totals == {
        "subscription": Decimal("400.00"),
        "go_live_fee": Decimal("250.00"),
        "gain_share": Decimal("285.27"),
    }
    assert (await deal.read(contract))["state"] == "completed"
