"""Deal optimizations: a request in, the structures that were tried out, and which of them are efficient."""

from collections.abc import Iterator, Sequence
from itertools import compress

from services.calculation_engine.domain.assignment import assign
from services.calculation_engine.domain.bounds import INLINE, Bounds
from services.calculation_engine.domain.compiled import compile_model
from services.calculation_engine.domain.deal import Deal
from services.calculation_engine.domain.deal_checks import faults
from services.calculation_engine.domain.deal_figures import Measured, measured, surely_better
from services.calculation_engine.domain.deal_search import Search, Trial, efficient
from services.calculation_engine.domain.decision_space import DecisionSpace, Levels
from services.calculation_engine.domain.drawn_model import DrawnModel
from services.calculation_engine.domain.errors import InvalidDeal
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.sampling.sample import Design
from services.calculation_engine.domain.simulation import DEFAULT_SAMPLER
from services.schemas.canonical import content_hash
from services.schemas.deal_optimization import (
    ConstraintReach,
    DealConstraint,
    DealOptimization,
    DealOptimizationRequest,
    DealPoint,
    Figure,
    Standing,
)
from services.schemas.money import minor_units
from services.schemas.problem import FieldError
from services.schemas.simulation import Estimate
from services.schemas.terms import GainShare


def optimize(request: DealOptimizationRequest, bounds: Bounds = INLINE) -> DealOptimization:
    """Tries structures of a deal and tells which are efficient.

    Raises what `simulate` raises; InvalidDeal if terms, commitments, sides and decisions do not fit together;
    and TooLarge.
    """
    compiled = compile_model(request.model)
    space = DecisionSpace(request.pricing, request.decisions, minor_units(request.model.currency))
    found = [*faults(request), *space.faults()]
    if found:
        raise InvalidDeal(found)
    structures = min(request.structures, space.size)
    experiment = Experiment(
        DrawnModel(compiled, assign(compiled, request.scenario, request.inputs)),
        Design(request.sampler or DEFAULT_SAMPLER, request.seed, request.draws),
    )
    bounds.admit(draws=request.draws, **_work(request, experiment, structures))
    deal = Deal(request, experiment)
    objectives: tuple[Figure, Figure] = (request.vendor_objective, request.customer_objective)

    def measure(levels: Levels) -> Measured:
        return measured(deal.outcome(space.terms(levels)), objectives)

    search = Search(space, measure, objectives, request.constraints)
    search.run(structures)
    answer = _Answer(request, space, search)
    return DealOptimization(
        model_hash=content_hash(request.model),
        currency=request.model.currency,
        scenario=request.scenario,
        inputs=tuple(experiment.drawn),
        draws=request.draws,
        seed=request.seed,
        sampler=experiment.design.sampler,
        non_finite_draws=request.draws - int(deal.usable.sum()),
        vendor_objective=request.vendor_objective,
        customer_objective=request.customer_objective,
        outcome="efficient" if answer.front else "infeasible",
        is_exhaustive=structures == space.size,
        points=tuple(map(answer.point, answer.ordered)),
        nearest=answer.nearest,
        reach=tuple(map(answer.reach, request.constraints)),
        warnings=tuple(_warnings(experiment, deal)),
    )


def _work(request: DealOptimizationRequest, experiment: Experiment, structures: int) -> dict[str, int]:
    """Gains by draw, period and term, which are kept; what it takes to draw them, line by line; and fees, of
    which each figure of a draw costs some."""
    model, draws = request.model, request.draws
    shares = sum(isinstance(term, GainShare) for term in request.pricing.terms)
    gains = model.horizon.periods * shares
    lines = len(model.drivers) + len(model.costs)
    return {
        "numbers": draws * gains,
        "operations": draws * (experiment.operations + gains * lines),
        "fees": draws * (gains + _FIGURES) * structures,
    }


_FIGURES = 16
"""What the figures of a draw cost, in fees."""


class _Answer:
    """What to say of the trials."""

    def __init__(self, request: DealOptimizationRequest, space: DecisionSpace, search: Search) -> None:
        self._request = request
        self._space = space
        self.front = efficient(search.trials)
        best = {trial.levels for trial in self.front}
        rest = [trial for trial in search.trials if trial.levels not in best]
        rest.sort(key=lambda trial: (bool(trial.violates), trial.vendor, trial.customer, trial.levels))
        self.ordered = [*self.front, *rest]
        self._best = best
        nearest = None if self.front else search.nearest()
        self.nearest = None if nearest is None else self.ordered.index(nearest)

    def point(self, trial: Trial) -> DealPoint:
        better = self._not_worse(trial)
        sure = surely_better([self.front[place].measured for place in better], trial.measured)
        surely = list(compress(better, sure))
        return DealPoint(
            values=self._space.values(trial.levels),
            figures=trial.measured.figures,
            standing=self._standing(trial),
            yields_to=next(iter([*surely, *better]), None),
            is_surely_dominated=bool(surely),
            violates=tuple(each.figure for each in trial.violates),
            unsure=tuple(_unsure(trial, self._request.constraints)),
        )

    def reach(self, constraint: DealConstraint) -> ConstraintReach:
        found = [trial.measured.value(constraint.figure) for trial in self.ordered]
        known = [value for value in found if value is not None]
        return ConstraintReach(
            figure=constraint.figure,
            at_least=constraint.at_least,
            greatest=max(known, default=None),
            kept_by=sum(value >= constraint.at_least for value in known),
        )

    def _standing(self, trial: Trial) -> Standing:
        if trial.levels in self._best:
            return "efficient"
        if not trial.is_eligible:
            return "refused"
        equals = any(trial.objectives == other.objectives for other in self.front)
        return "equalled" if equals else "dominated"

    def _not_worse(self, trial: Trial) -> list[int]:
        """The places of the efficient trials to which one yields that keeps the constraints."""
        if not trial.is_eligible or trial.levels in self._best:
            return []
        return [
            place
            for place, other in enumerate(self.front)
            if other.vendor >= trial.vendor and other.customer >= trial.customer
        ]


def _unsure(trial: Trial, constraints: Sequence[DealConstraint]) -> Iterator[Figure]:
    for constraint in constraints:
        estimate: Estimate = getattr(trial.measured.figures, constraint.figure)
        low, high = estimate.low, estimate.high
        if low is None or high is None or low < constraint.at_least <= high:
            yield constraint.figure


def _warnings(experiment: Experiment, deal: Deal) -> Iterator[FieldError]:
    if not experiment.drawn:
        yield FieldError(
            pointer="/model/inputs", detail="no input that counts is uncertain: all draws are the same"
        )
    if deal.first_failure is not None:
        yield experiment.failure(deal.first_failure)
