"""What a contract must be to make sense: its commitments, terms and milestones fit together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from services.committer.domain.rounding import to_minor_units
from services.schemas.problem import FieldError
from services.schemas.terms import GainShare, MilestonePayment, Subscription, Term


def findings(
    terms: Sequence[Term], *, commitments: Sequence[str], milestones: Sequence[str], digits: int
) -> list[FieldError]:
    """Everything that is wrong with a contract's terms, by the keys of its commitments and milestones."""
    found = [
        *_doubled("/terms", [term.key for term in terms]),
        *_doubled("/milestones", milestones),
        *_doubled("/commitments", commitments),
        *_paid_twice(terms),
    ]
    for place, term in enumerate(terms):
        pointer = f"/terms/{place}"
        found += _uneven(pointer, term, digits)
        if isinstance(term, MilestonePayment) and term.milestone not in milestones:
            found.append(_error(f"{pointer}/milestone", f"There is no milestone {term.milestone}."))
        if isinstance(term, GainShare):
            found += _unknown(f"{pointer}/commitments", term.commitments, commitments)
            found += _unordered(pointer, term)
    return found


def _doubled(pointer: str, keys: Iterable[str]) -> Iterator[FieldError]:
    for key, number in Counter(keys).items():
        if number > 1:
            yield _error(pointer, f"The key {key} stands there more than once.")


def _paid_twice(terms: Sequence[Term]) -> Iterator[FieldError]:
    paid = Counter(term.milestone for term in terms if isinstance(term, MilestonePayment))
    for milestone, number in paid.items():
        if number > 1:
            yield _error("/terms", f"More than one term pays the milestone {milestone}.")


def _unknown(pointer: str, named: Iterable[str], known: Sequence[str]) -> Iterator[FieldError]:
    for place, key in enumerate(named):
        if key not in known:
            yield _error(f"{pointer}/{place}", f"The contract has no commitment {key}.")


def _uneven(pointer: str, term: Term, digits: int) -> Iterator[FieldError]:
    for name, amount in _amounts(term):
        if amount is not None and to_minor_units(amount, digits, "down") != amount:
            yield _error(f"{pointer}/{name}", "The amount is not in whole minor units of its currency.")


def _amounts(term: Term) -> list[tuple[str, Decimal | None]]:
    match term:
        case Subscription():
            return [("amount_per_period", term.amount_per_period)]
        case MilestonePayment():
            return [("amount", term.amount)]
        case GainShare():
            return [("floor_per_period", term.floor_per_period), ("cap_per_period", term.cap_per_period)]


def _unordered(pointer: str, term: GainShare) -> Iterator[FieldError]:
    tops = [tier.up_to for tier in term.marginal_tiers]
    limits = [top for top in tops if top is not None]
    if tops and (tops[-1] is not None or len(limits) != len(tops) - 1 or not _rises(limits)):
        detail = "Marginal tiers rise, and the last one alone has no end."
        yield _error(f"{pointer}/marginal_tiers", detail)
    if not _rises([tier.from_gain for tier in term.whole_tiers]):
        yield _error(f"{pointer}/whole_tiers", "Whole tiers rise by from_gain.")
    floor, cap = term.floor_per_period, term.cap_per_period
    if floor is not None and cap is not None and floor > cap:
        yield _error(f"{pointer}/floor_per_period", "The floor lies above the cap.")
    if term.earn_back is not None and term.holdback is None:
        yield _error(f"{pointer}/earn_back", "There is no holdback to earn back.")


def _rises(numbers: Sequence[Decimal]) -> bool:
    return all(low < high for low, high in pairwise(numbers))


def _error(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, detail=detail)
