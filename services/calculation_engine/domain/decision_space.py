"""What is open in a deal: the values that each decision may take, and the terms that they make."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import product

from services.calculation_engine.domain.errors import Fault
from services.calculation_engine.domain.sampling import sobol
from services.schemas.deal_optimization import DecidedField, Decision, PricingStructure
from services.schemas.terms import GainShare, Term

Levels = tuple[int, ...]
"""A structure: the number of the value (from 0) that each decision takes, in their order."""

_FIELDS: dict[str, tuple[DecidedField, ...]] = {
    "subscription": ("amount_per_period",),
    "milestone": ("amount",),
    "gain_share": ("share", "floor_per_period", "cap_per_period", "holdback"),
}
_RATIOS: tuple[DecidedField, ...] = ("share", "holdback")
_RATIO_STEP = Decimal("0.0001")
_LEAST_RATIO_STEP = Decimal("1E-9")


@dataclass(frozen=True)
class Scale:
    """The values of one decision: `low`, and from there in steps, so many in all. Exact decimals, so that a
    contract can state them as they are."""

    decision: Decision
    low: Decimal
    step: Decimal
    count: int

    def value(self, level: int) -> Decimal:
        return self.low + level * self.step


class DecisionSpace:
    """All structures that the decisions of a deal leave open, in a currency of so many decimals."""

    def __init__(self, pricing: PricingStructure, decisions: Sequence[Decision], digits: int) -> None:
        self._terms = pricing.terms
        self._digits = digits
        self.decisions = tuple(decisions)
        self.scales = tuple(self._scale(decision) for decision in decisions)

    @cached_property
    def size(self) -> int:
        """How many structures there are, those among them whose floor lies above its cap."""
        return math.prod(scale.count for scale in self.scales)

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the decisions; the other methods need that it is nothing."""
        terms = {term.key: term for term in self._terms}
        for place, decision in enumerate(self.decisions):
            pointer = f"/decisions/{place}"
            known = terms.get(decision.term)
            if known is None:
                yield Fault(f"{pointer}/term", f"there is no term {decision.term!r}")
            elif decision.field not in _FIELDS[known.kind]:
                yield Fault(f"{pointer}/field", f"a {known.kind} has no {decision.field}")
            elif decision.field == "share" and isinstance(known, GainShare) and known.share is None:
                yield Fault(f"{pointer}/field", f"{decision.term} takes its rates from tiers")
            if (decision.term, decision.field) in [
                (each.term, each.field) for each in self.decisions[:place]
            ]:
                yield Fault(pointer, f"{decision.field} of {decision.term} is decided twice")
            yield from self._uneven(pointer, decision)
        yield from self._crossed()

    def values(self, levels: Levels) -> dict[str, dict[DecidedField, float]]:
        """The decided values, by term and field."""
        found: dict[str, dict[DecidedField, float]] = {}
        for scale, level in zip(self.scales, levels, strict=True):
            decision = scale.decision
            found.setdefault(decision.term, {})[decision.field] = float(scale.value(level))
        return found

    def terms(self, levels: Levels) -> tuple[Term, ...]:
        """The terms with the decided values in their places."""
        decided: dict[str, dict[str, Decimal]] = {}
        for scale, level in zip(self.scales, levels, strict=True):
            decided.setdefault(scale.decision.term, {})[scale.decision.field] = scale.value(level)
        return tuple(term.model_copy(update=decided.get(term.key, {})) for term in self._terms)

    def is_possible(self, levels: Levels) -> bool:
        """No floor lies above its cap."""
        return all(_floor_of(term) <= _cap_of(term) for term in self.terms(levels))

    def everything(self) -> Iterator[Levels]:
        """All structures, in ascending order."""
        return product(*(range(scale.count) for scale in self.scales))

    def corners(self) -> Iterator[Levels]:
        """All structures of lowest and highest values."""
        return product(*(sorted({0, scale.count - 1}) for scale in self.scales))

    def spread(self, count: int) -> Iterator[Levels]:
        """So many structures, a power of two, evenly: the first Sobol' points. Some may be the same."""
        # Natural digits, and the middle of each point's cell.
        rows = sobol.directions()[: len(self.scales)]
        points = [
            [int(f"{word:032b}"[::-1], 2) + 0.5 for word in words]
            for words in sobol.low_points(rows, count).tolist()
        ]
        for place in zip(*points, strict=True):
            yield tuple(
                min(int(at * sobol.STEP * scale.count), scale.count - 1)
                for at, scale in zip(place, self.scales, strict=True)
            )

    def _scale(self, decision: Decision) -> Scale:
        low, high = _exact(decision.low), _exact(decision.high)
        unit = _RATIO_STEP if decision.field in _RATIOS else Decimal(1).scaleb(-self._digits)
        step = unit if decision.step is None else _exact(decision.step)
        return Scale(decision, low, step, int((high - low) / step) + 1)

    def _uneven(self, pointer: str, decision: Decision) -> Iterator[Fault]:
        if decision.field in _RATIOS:
            if decision.high > 1:
                yield Fault(f"{pointer}/high", f"{decision.field} is a ratio, at most 1")
            if decision.step is not None and _exact(decision.step) < _LEAST_RATIO_STEP:
                yield Fault(f"{pointer}/step", f"a ratio goes in steps of {_LEAST_RATIO_STEP} or more")
            return
        for name, amount in (("low", decision.low), ("step", decision.step)):
            if amount is not None and _exact(amount).scaleb(self._digits) % 1:
                yield Fault(f"{pointer}/{name}", "the amount is not in whole minor units of its currency")

    def _crossed(self) -> Iterator[Fault]:
        """Terms whose floor lies above their cap whatever is decided."""
        widest = tuple(
            scale.count - 1 if scale.decision.field == "cap_per_period" else 0 for scale in self.scales
        )
        for place, term in enumerate(self.terms(widest)):
            if _floor_of(term) > _cap_of(term):
                yield Fault(f"/pricing/terms/{place}/floor_per_period", "the floor always lies above the cap")


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))


def _floor_of(term: Term) -> Decimal:
    floor = term.floor_per_period if isinstance(term, GainShare) else None
    return Decimal(0) if floor is None else floor


def _cap_of(term: Term) -> Decimal:
    cap = term.cap_per_period if isinstance(term, GainShare) else None
    return Decimal("Infinity") if cap is None else cap
