"""Which drivers to propose to an account, in which order, and why in words.

A score is the weighted sum of five parts, each between 0 and 1:

- `pains`: the share of pains in common, of whichever of account and driver names fewer;
- `value`: the driver's annual amount against the largest of all candidates;
- `industry`: 1 if made for the account's industry, one half if made for any;
- `size`: how far the account reaches the sizes from which on the driver is worth it; one half where unknown;
- `people`: 1 if one of the account's stakeholders has a persona that the driver concerns.

Equal input gives equal order: what is left equal is ordered by key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.architect.domain.accounts import AccountFacts
from services.architect.domain.templates import DriverTemplate

WEIGHTS: Final = {"pains": 0.4, "value": 0.25, "industry": 0.15, "size": 0.1, "people": 0.1}
_GENERAL = 0.5
_UNKNOWN = 0.5
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a score, unweighted."""

    pains: float
    value: float
    industry: float
    size: float
    people: float

    @property
    def score(self) -> float:
        total = sum(weight * float(getattr(self, name)) for name, weight in WEIGHTS.items())
        return round(total, _DIGITS)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A driver proposed to an account. `annual_value` is None where nothing could be computed yet."""

    driver: DriverTemplate
    rank: int
    parts: Parts
    score: float
    reason: str
    annual_value: float | None


def candidates(drivers: Iterable[DriverTemplate], facts: AccountFacts) -> list[DriverTemplate]:
    """The drivers meant for the account's industry, by key."""
    return sorted((each for each in drivers if each.serves(facts.industry)), key=lambda each: each.key)


def rank(
    drivers: Iterable[DriverTemplate],
    facts: AccountFacts,
    annual_values: Mapping[str, float],
    *,
    currency: str,
    limit: int,
) -> list[Hypothesis]:
    """The best `limit` of the drivers for the account, best first.

    `annual_values` are amounts a year at full effect, after capture and risk adjustment, by driver key: a
    driver that brings nothing is left out, one that is not in the table is kept with a value part of 0.
    """
    worthwhile = [each for each in candidates(drivers, facts) if annual_values.get(each.key, 1.0) > 0]
    largest = max((annual_values.get(each.key, 0.0) for each in worthwhile), default=0.0)
    scored = [(_parts(each, facts, annual_values, largest), each) for each in worthwhile]
    scored.sort(key=lambda pair: (-pair[0].score, pair[1].key))
    return [
        Hypothesis(
            driver=driver,
            rank=number,
            parts=parts,
            score=parts.score,
            reason=_reason(driver, facts, parts, annual_values.get(driver.key), currency),
            annual_value=annual_values.get(driver.key),
        )
        for number, (parts, driver) in enumerate(scored[:limit], start=1)
    ]


def _parts(
    driver: DriverTemplate, facts: AccountFacts, annual_values: Mapping[str, float], largest: float
) -> Parts:
    value = annual_values.get(driver.key, 0.0) / largest if largest > 0 else 0.0
    return Parts(
        pains=round(_pains(driver, facts), _DIGITS),
        value=round(value, _DIGITS),
        industry=1.0 if facts.industry in driver.industries else _GENERAL,
        size=round(_size(driver, facts), _DIGITS),
        people=1.0 if facts.personas.intersection(driver.personas) else 0.0,
    )


def _pains(driver: DriverTemplate, facts: AccountFacts) -> float:
    fewer = min(len(driver.pains), len(facts.pains))
    return len(facts.pains.intersection(driver.pains)) / fewer if fewer else 0.0


def _size(driver: DriverTemplate, facts: AccountFacts) -> float:
    reached = []
    for fact, least in driver.suits.items():
        known = facts.known(fact)
        reached.append(_UNKNOWN if known is None else min(1.0, known / least))
    return min(reached, default=1.0)


def _reason(
    driver: DriverTemplate, facts: AccountFacts, parts: Parts, annual_value: float | None, currency: str
) -> str:
    sentences = [
        _about_industry(facts, parts),
        _about_pains(driver, facts),
        _about_people(driver, facts),
        _about_size(driver, facts, parts),
        _about_value(annual_value, parts, currency),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _about_industry(facts: AccountFacts, parts: Parts) -> str:
    return f"Made for {_words(facts.industry)}." if parts.industry == 1 else "Suits any industry."


def _about_pains(driver: DriverTemplate, facts: AccountFacts) -> str:
    shared = [_words(pain) for pain in driver.pains if pain in facts.pains]
    if not shared:
        return "Answers none of the pains that were stated." if facts.pains else "No pains were stated."
    fewer, whose = min((len(driver.pains), "it is for"), (len(facts.pains), "stated"))
    part = "" if len(shared) == fewer else f" ({len(shared)} of the {fewer} pains {whose})"
    return f"Answers what was stated: {', '.join(shared)}{part}."


def _about_people(driver: DriverTemplate, facts: AccountFacts) -> str:
    concerned = [_words(persona) for persona in driver.personas if persona in facts.personas]
    return f"Concerns a stakeholder: {', '.join(concerned)}." if concerned else ""


def _about_size(driver: DriverTemplate, facts: AccountFacts, parts: Parts) -> str:
    if any(facts.known(fact) is None for fact in driver.suits):
        return "The company's size is not known; a typical one was assumed."
    return "The company is smaller than what this usually pays off for." if parts.size < 1 else ""


def _about_value(annual_value: float | None, parts: Parts, currency: str) -> str:
    if annual_value is None:
        return "Its value was not computed, as the calculation engine was away."
    standing = ", the most of all" if parts.value == 1 else ""
    return f"At full effect about {currency} {annual_value:,.0f} a year{standing}."


def _words(tag: str) -> str:
    return tag.replace("_", " ")
