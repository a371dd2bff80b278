"""The search for efficient structures: a bounded number of trials over a space of decisions.

If there are no more structures than trials, all are tried. Otherwise a quarter of the trials are the corners
and evenly spread points, and the rest refine them, in the way of direct multisearch: structures of the
efficient set are polled, which is to try their neighbours, one decision up or down. Each has a distance of
its own for that, which is halved after its poll; new members begin with that of the one they were found from.
Two turns in three are for the ends of the set, where constraints bind; the third is for a side of its widest
gap, and for the middle of that. As long as no structure keeps the constraints, the nearest to them is polled.
Nothing is drawn at random: the same deal is searched in the same way.

(A. L. Custódio, J. F. A. Madeira, A. I. F. Vaz, L. N. Vicente, Direct multisearch for multiobjective
optimization, 2010.)
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from services.calculation_engine.domain.deal_figures import Measured
from services.calculation_engine.domain.decision_space import DecisionSpace, Levels
from services.schemas.deal_optimization import DealConstraint, Figure

_AT_FIRST = 4
"""The first distance is the range of a decision divided by this."""
_GAP_TURN = 3
"""One turn in so many is for the widest gap, the others are for the ends."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A structure and its figures. `objectives` are the vendor's and the customer's, None where one of them
    does not exist; `violates` are the constraints that it does not keep."""

    levels: Levels
    measured: Measured
    objectives: tuple[float, float] | None
    violates: tuple[DealConstraint, ...]

    @property
    def vendor(self) -> float:
        return -math.inf if self.objectives is None else self.objectives[0]

    @property
    def customer(self) -> float:
        return -math.inf if self.objectives is None else self.objectives[1]

    @property
    def is_eligible(self) -> bool:
        return self.objectives is not None and not self.violates


class Search:
    """Trials of a space's structures."""

    def __init__(
        self,
        space: DecisionSpace,
        measure: Callable[[Levels], Measured],
        objectives: tuple[Figure, Figure],
        constraints: Sequence[DealConstraint],
    ) -> None:
        self._space = space
        self._measure = measure
        self._objectives = objectives
        self._constraints = constraints
        self._tried: dict[Levels, Trial] = {}

    @property
    def trials(self) -> list[Trial]:
        return list(self._tried.values())

    def run(self, budget: int) -> None:
        """Tries at most so many structures."""
        if self._space.size <= budget:
            self._try(self._space.everything(), budget)
            return
        self._try(self._space.corners(), budget)
        self._try(self._space.spread(4 << budget.bit_length()), max(budget // 4, 1))
        self._refine(budget)

    def nearest(self) -> Trial | None:
        """The trial that misses the constraints least: by the sum of what is missing, each relative to how
        much the figure differs between the trials."""
        reach = {each.figure: self._reach(each.figure) for each in self._constraints}

        def missing(trial: Trial) -> float:
            return sum(_shortfall(trial.measured, each) / reach[each.figure] for each in trial.violates)

        return min(self.trials, key=missing, default=None)

    def _try(self, structures: Iterable[Levels], budget: int) -> int:
        """Until there have been so many trials; the number of new ones."""
        before = len(self._tried)
        for levels in structures:
            if len(self._tried) >= budget:
                break
            if levels not in self._tried and self._space.is_possible(levels):
                self._tried[levels] = self._trial(levels)
        return len(self._tried) - before

    def _trial(self, levels: Levels) -> Trial:
        measured = self._measure(levels)
        vendor, customer = (measured.value(figure) for figure in self._objectives)
        violated = [each for each in self._constraints if _shortfall(measured, each) > 0]
        objectives = None if vendor is None or customer is None else (vendor, customer)
        return Trial(levels, measured, objectives, tuple(violated))

    def _refine(self, budget: int) -> None:
        halved: dict[Levels, int] = {}
        for turn in count():
            if len(self._tried) >= budget:
                return
            centre = self._next(halved, is_for_gap=turn % _GAP_TURN == 0)
            if centre is None:
                return
            times = halved.get(centre.levels, 0)
            before = {trial.levels for trial in self._leaders()}
            self._try(self._around(centre.levels, self._widths(times)), budget)
            halved.update({trial.levels: times for trial in self._leaders() if trial.levels not in before})
            halved[centre.levels] = times + 1
            if turn % _GAP_TURN == 0:
                self._try(self._middle(), budget)

    def _next(self, halved: Mapping[Levels, int], *, is_for_gap: bool) -> Trial | None:
        """Whom to poll: the end, or the side of the widest gap, whose distance is the greater; another one
        when theirs are used up, and None when all are."""

        def times(trial: Trial) -> int:
            return halved.get(trial.levels, 0)

        leaders = self._leaders()
        alive = [trial for trial in leaders if any(self._widths(times(trial)))]
        ends = [trial for trial in (leaders[0], leaders[-1]) if trial in alive]
        sides = [side for gap in _gaps(leaders) for side in gap if side in alive][:2]
        return min((sides or ends) if is_for_gap else (ends or sides), key=times, default=None)

    def _leaders(self) -> list[Trial]:
        """The efficient set, or the nearest to it."""
        front = efficient(self.trials)
        nearest = None if front else self.nearest()
        return front if nearest is None else [nearest]

    def _widths(self, halved: int) -> list[int]:
        """How far to go, by decision, when that has been halved so often."""
        return [max(scale.count // _AT_FIRST, 1) >> halved for scale in self._space.scales]

    def _middle(self) -> Iterator[Levels]:
        """Between the two sides of the widest gap that was not tried there."""
        for one, other in _gaps(self._leaders()):
            middle = tuple((a + b) // 2 for a, b in zip(one.levels, other.levels, strict=True))
            if middle not in self._tried and self._space.is_possible(middle):
                yield middle
                return

    def _around(self, levels: Levels, widths: Sequence[int]) -> Iterator[Levels]:
        """One decision down or up, not beyond its ends."""
        for place, (scale, width) in enumerate(zip(self._space.scales, widths, strict=True)):
            for level in (max(levels[place] - width, 0), min(levels[place] + width, scale.count - 1)):
                yield (*levels[:place], level, *levels[place + 1 :])

    def _reach(self, figure: Figure) -> float:
        """How much a figure differs between the trials."""
        found = [trial.measured.value(figure) for trial in self.trials]
        known = [value for value in found if value is not None]
        return (max(known) - min(known) if known else 0.0) or 1.0


def efficient(trials: Iterable[Trial]) -> list[Trial]:
    """Those that keep the constraints and that no other of these dominates, by ascending vendor's objective.
    Of equally good ones the first by its levels stands for all."""
    front: list[Trial] = []
    eligible = [trial for trial in trials if trial.is_eligible]
    for trial in sorted(eligible, key=lambda each: (-each.vendor, -each.customer, each.levels)):
        if not front or trial.customer > front[-1].customer:
            front.append(trial)
    front.reverse()
    return front


def _shortfall(measured: Measured, constraint: DealConstraint) -> float:
    """By how much a figure misses its bound; a figure that does not exist misses it by infinitely much."""
    value = measured.value(constraint.figure)
    return math.inf if value is None else max(constraint.at_least - value, 0.0)


def _gaps(front: Sequence[Trial]) -> list[tuple[Trial, Trial]]:
    """Neighbours of the efficient set, those furthest apart first, in relation to its extent."""
    if not front:
        return []
    vendor = (front[-1].vendor - front[0].vendor) or 1.0
    customer = (front[0].customer - front[-1].customer) or 1.0

    def width(gap: tuple[Trial, Trial]) -> float:
        one, other = gap
        return (other.vendor - one.vendor) / vendor + (one.customer - other.customer) / customer

    return sorted(pairwise(front), key=width, reverse=True)
