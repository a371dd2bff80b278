"""What a deal must be to make sense: its terms, commitments, sides and decisions fit together."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from services.calculation_engine.domain.errors import Fault
from services.schemas.deal_optimization import DealOptimizationRequest
from services.schemas.periods import periods
from services.schemas.terms import GainShare, MilestonePayment


def faults(request: DealOptimizationRequest) -> list[Fault]:
    """Everything that is wrong with a deal apart from its decisions, which `decision_space` checks."""
    return [*_doubled(request), *_commitments(request), *_terms(request), *_sides(request)]


def milestone_places(request: DealOptimizationRequest) -> dict[str, int | None]:
    """The period (from 0) in which each milestone term is due, by the term's key; None outside the contract,
    or where nobody knows when that begins."""
    pricing, horizon = request.pricing, request.model.horizon
    due = {term.key: term.due for term in pricing.terms if isinstance(term, MilestonePayment)}
    if pricing.effective_on is None or pricing.effective_on.year + horizon.periods > _LAST_YEAR:
        return dict.fromkeys(due)
    calendar = periods(pricing.effective_on, horizon.period_length, horizon.periods)
    return {
        key: next((place for place, period in enumerate(calendar) if period.contains(day)), None)
        for key, day in due.items()
    }


# No date has a later year.
_LAST_YEAR = 9998


def _doubled(request: DealOptimizationRequest) -> Iterator[Fault]:
    pricing = request.pricing
    for pointer, keys in (
        ("/pricing/terms/{}/key", [term.key for term in pricing.terms]),
        ("/pricing/commitments/{}/key", [each.key for each in pricing.commitments]),
        ("/constraints/{}/figure", [each.figure for each in request.constraints]),
    ):
        for place, key in enumerate(keys):
            if key in keys[:place]:
                yield Fault(pointer.format(place), f"{key} stands there more than once")


def _commitments(request: DealOptimizationRequest) -> Iterator[Fault]:
    drivers = [driver.key for driver in request.model.drivers]
    for place, commitment in enumerate(request.pricing.commitments):
        pointer = f"/pricing/commitments/{place}"
        if commitment.driver_key not in drivers:
            yield Fault(f"{pointer}/driver_key", f"the model has no driver {commitment.driver_key!r}")
        yield from _too_long(f"{pointer}/at_baseline", commitment.at_baseline, request)


def _terms(request: DealOptimizationRequest) -> Iterator[Fault]:
    known = [commitment.key for commitment in request.pricing.commitments]
    due = milestone_places(request)
    for place, term in enumerate(request.pricing.terms):
        pointer = f"/pricing/terms/{place}"
        if isinstance(term, GainShare):
            yield from _unknown(f"{pointer}/commitments", term.commitments, known, "commitment")
            yield from _tiers(pointer, term)
        elif isinstance(term, MilestonePayment) and due[term.key] is None:
            if request.pricing.effective_on is None:
                yield Fault("/pricing/effective_on", "a milestone's period is counted from this day")
            else:
                yield Fault(f"{pointer}/due", f"{term.due} lies in no period of the contract")


def _tiers(pointer: str, term: GainShare) -> Iterator[Fault]:
    tops = [tier.up_to for tier in term.marginal_tiers]
    limits = [top for top in tops if top is not None]
    if tops and (tops[-1] is not None or len(limits) != len(tops) - 1 or not _rise(limits)):
        yield Fault(f"{pointer}/marginal_tiers", "marginal tiers rise, and the last one alone has no end")
    if not _rise([tier.from_gain for tier in term.whole_tiers]):
        yield Fault(f"{pointer}/whole_tiers", "whole tiers rise by from_gain")


def _rise(amounts: Sequence[Decimal]) -> bool:
    return all(low < high for low, high in pairwise(amounts))


def _sides(request: DealOptimizationRequest) -> Iterator[Fault]:
    model, customer = request.model, request.customer
    costs = [cost.key for cost in model.costs]
    yield from _unknown("/customer/replaced_costs", customer.replaced_costs, costs, "cost")
    drivers = [driver.key for driver in model.drivers]
    yield from _unknown("/customer/drivers", customer.drivers or (), drivers, "driver")
    yield from _too_long("/vendor/per_period", request.vendor.per_period, request)


def _unknown(pointer: str, named: Iterable[str], known: Sequence[str], kind: str) -> Iterator[Fault]:
    for place, key in enumerate(named):
        if key not in known:
            yield Fault(f"{pointer}/{place}", f"there is no {kind} {key!r}")


def _too_long(pointer: str, amounts: Sequence[float], request: DealOptimizationRequest) -> Iterator[Fault]:
    horizon = request.model.horizon.periods
    if len(amounts) > horizon:
        yield Fault(pointer, f"there are {len(amounts)} amounts for {horizon} periods")
