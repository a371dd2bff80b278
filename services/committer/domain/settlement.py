"""Settlement: what a contract is worth by its terms and what is known, less what was issued already.

Everything is claimed anew from the facts at each settlement. What falls due with the period that closes is a
line of its own: its gain, its milestones, and the next period's subscription, which is billed in advance; the
first period's is billed by an opening settlement. Where an earlier claim has changed, the difference is a
correction. So no cent is ever created or lost: the lines issued add up to the claims, whatever was restated,
and in whichever order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from services.committer.domain.gain_share import fees, held_back, is_earned_back
from services.committer.domain.rounding import to_minor_units
from services.schemas.terms import GainShare, MilestonePayment, Subscription, Term

Part = Literal["charge", "holdback", "release"]
_PARTS: tuple[Part, ...] = ("charge", "holdback", "release")
OPENING = -1
"""What an opening settlement closes: the time before the first period."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a contract of `periods` periods, of which the first `closed` are closed.

    `gains` are those of each gain-share term's closed periods, by the term's key; `accepted` says in which
    period (from 0) each accepted milestone fell. Once the contract has `ended`, no further period closes, and
    what was accepted is due all the same.
    """

    periods: int
    closed: int
    gains: Mapping[str, Sequence[Decimal]]
    accepted: Mapping[str, int]
    ended: bool = False

    @property
    def is_over(self) -> bool:
        return self.closed == self.periods


@dataclass(frozen=True, slots=True)
class Place:
    """What a claim is for: one part of one term in one period (from 0)."""

    term: str
    part: Part
    period: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a settlement; a correction changes what an earlier settlement said of its place."""

    place: Place
    amount: Decimal
    is_correction: bool


def claims(terms: Sequence[Term], facts: Facts, digits: int) -> dict[Place, Decimal]:
    """What is due by every term so far: for every closed period, and in advance for the next, in a currency
    of so many decimals."""
    claimed: dict[Place, Decimal] = {}
    for term in terms:
        claimed.update(_claims_of(term, facts, digits))
    return claimed


def statement(
    terms: Sequence[Term],
    claimed: Mapping[Place, Decimal],
    issued: Iterable[Line],
    *,
    closing: int | None,
    restated: Set[int] = frozenset(),
) -> list[Line]:
    """The lines of the next settlement, which closes a period (`OPENING`: the contract begins), or none and
    only corrects.

    A period `restated` since the last settlement has its true-up line even where nothing changes. What falls
    due now stands first, then corrections by period, and the release of what was held back last.
    """
    before: defaultdict[Place, Decimal] = defaultdict(Decimal)
    for line in issued:
        before[line.place] += line.amount
    shared = {term.key for term in terms if isinstance(term, GainShare)}
    prepaid = {term.key for term in terms if isinstance(term, Subscription)}
    lines = []
    for place in claimed.keys() | before.keys():
        is_correction = place.period - (place.term in prepaid) != closing
        due = claimed.get(place, Decimal(0)) - before[place]
        is_told = place.part == "charge" and place.period in restated and place.term in shared
        if due or is_told or not is_correction:
            lines.append(Line(place, due, is_correction))
    order = {term.key: number for number, term in enumerate(terms)}
    return sorted(lines, key=lambda line: _rank(line, order))


def label(line: Line, terms: Sequence[Term], period: str) -> str:
    """What a reader sees of a line, with the key of its period."""
    term = next(term for term in terms if term.key == line.place.term)
    return f"{_occasion(line, term)} {period}: {term.label}"[:200]


def _claims_of(term: Term, facts: Facts, digits: int) -> Iterator[tuple[Place, Decimal]]:
    match term:
        case Subscription():
            amount = to_minor_units(term.amount_per_period, digits, "half_even")
            for period in range(min(facts.closed + 1, facts.periods)):
                yield Place(term.key, "charge", period), amount
        case MilestonePayment():
            fell = facts.accepted.get(term.milestone)
            if fell is not None and (fell < facts.closed or facts.ended):
                yield Place(term.key, "charge", fell), to_minor_units(term.amount, digits, "half_even")
        case GainShare():
            yield from _shares(term, facts, digits)


def _shares(term: GainShare, facts: Facts, digits: int) -> Iterator[tuple[Place, Decimal]]:
    gains = facts.gains[term.key][: facts.closed]
    withheld = Decimal(0)
    for period, fee in enumerate(fees(term, gains, digits)):
        yield Place(term.key, "charge", period), fee
        if term.holdback:
            part = held_back(term, fee, digits)
            withheld += part
            yield Place(term.key, "holdback", period), -part
    if term.holdback and facts.is_over and is_earned_back(term, gains):
        yield Place(term.key, "release", facts.periods - 1), withheld


def _rank(line: Line, order: Mapping[str, int]) -> tuple[bool, bool, int, int, int]:
    place = line.place
    is_release = place.part == "release"
    return is_release, line.is_correction, place.period, order[place.term], _PARTS.index(place.part)


def _occasion(line: Line, term: Term) -> str:
    if not isinstance(term, GainShare):
        return "Late charge" if line.is_correction else "Charge"
    if line.is_correction:
        return {
            "charge": "True-up",
            "holdback": "True-up of holdback",
            "release": "True-up of released holdback",
        }[line.place.part]
    return {"charge": "Charge", "holdback": "Holdback", "release": "Released holdback"}[line.place.part]
