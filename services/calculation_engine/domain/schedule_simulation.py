"""Monte Carlo runs of an activity network: a request in, a schedule simulation out.

Criticality index: the probability that an activity lies on the critical path. Cruciality index: the absolute
value of the correlation between its duration and the network's. (M. Vanhoucke's PM Knowledge Center,
"Schedule Risk Analysis: Measuring the time sensitivity of an activity".) Here an activity without float in a
draw is critical in it, as in the critical path method.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.activity_network import ActivityNetwork
from services.calculation_engine.domain.bounds import INLINE, Bounds
from services.calculation_engine.domain.errors import Fault, UnsuitableSampler
from services.calculation_engine.domain.experiment import LARGE
from services.calculation_engine.domain.histogram import Scale
from services.calculation_engine.domain.interruption import between_blocks
from services.calculation_engine.domain.loops.choice import begin_loading, loops
from services.calculation_engine.domain.loops.shared import BLOCK
from services.calculation_engine.domain.part import Part, summed_up
from services.calculation_engine.domain.pert import Pert, pert
from services.calculation_engine.domain.quantiles import quantiles_of
from services.calculation_engine.domain.replicates import REPLICATES, by_replicate
from services.calculation_engine.domain.sampling.copula import INDEPENDENT
from services.calculation_engine.domain.sampling.distributions import law_of
from services.calculation_engine.domain.sampling.sample import Design, JointLaw, Sample
from services.calculation_engine.domain.sampling.sobol import DIMENSIONS
from services.calculation_engine.domain.statistics import (
    T95,
    Moments,
    convergence,
    histogram,
    percentiles,
    probability,
)
from services.schemas.distributions import Distribution, Triangular
from services.schemas.distributions import Pert as PertDistribution
from services.schemas.network import NetworkActivity
from services.schemas.problem import FieldError
from services.schemas.schedule_simulation import (
    ActivityRisk,
    Completion,
    DeadlineChance,
    DurationLaw,
    PertCalculation,
    ScheduleSimulation,
    ScheduleSimulationRequest,
)
from services.schemas.simulation import Estimate, Sampler

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

STRIP = 512
"""So many draws are scheduled together, a part of a block: so thousands of activities need few megabytes."""

_NOTHING = Estimate(value=None, low=None, high=None)


@dataclass(frozen=True)
class _Drawn:
    """What the draws say. `ends`, and `same` (the distance below which two points are one), have a number a
    draw; `usable` counts each replicate's draws, `critical` those in which an activity has no float. `sums`
    are those of a correlation, by uncertain activity and replicate."""

    ends: Numbers
    same: Numbers
    usable: Counts
    critical: Counts
    sums: Numbers


def simulate_schedule(request: ScheduleSimulationRequest, bounds: Bounds = INLINE) -> ScheduleSimulation:
    """Draws the uncertain durations and schedules the network for every draw.

    Raises:
        InvalidNetwork: the network has no schedule.
        UnsuitableSampler: `sobol` is asked for, and has not as many dimensions as there are estimates.
        TooLarge: activities, links and draws are too many.
    """
    network = ActivityNetwork(request.network)
    laws = _laws(request)
    design = Design(_sampler(request, len(laws)), request.seed, request.draws)
    bounds.admit(draws=request.draws, scheduled=network.size * request.draws)
    classic = pert(network)
    drawn = _draw(network, classic, laws, design)
    planned = network.schedule()
    return ScheduleSimulation(
        draws=request.draws,
        seed=request.seed,
        sampler=design.sampler,
        planned=planned,
        planned_end_met=_met(drawn, planned.duration),
        pert=PertCalculation(
            duration=classic.duration,
            variance=classic.variance,
            critical_path=tuple(request.network.activities[row].key for row in classic.path),
        ),
        completion=_completion(drawn, classic, request.bins),
        deadlines=tuple(
            DeadlineChance(
                deadline=deadline,
                probability=_met(drawn, deadline),
                by_pert=classic.probability_by(deadline),
            )
            for deadline in request.deadlines
        ),
        activities=tuple(_risks(request, classic, laws, drawn)),
        warnings=tuple(_warnings(laws)),
    )


def _laws(request: ScheduleSimulationRequest) -> dict[int, Distribution]:
    """By row, of the activities whose duration is uncertain."""
    return {
        row: _law(activity, request.law)
        for row, activity in enumerate(request.network.activities)
        if activity.estimate is not None and activity.estimate.optimistic < activity.estimate.pessimistic
    }


def _law(activity: NetworkActivity, law: DurationLaw) -> Distribution:
    estimate = activity.estimate
    assert estimate is not None  # noqa: S101
    low, mode, high = estimate.optimistic, estimate.most_likely, estimate.pessimistic
    if law == "triangular":
        return Triangular(kind="triangular", low=low, mode=mode, high=high)
    return PertDistribution(kind="pert", low=low, mode=mode, high=high)


def _sampler(request: ScheduleSimulationRequest, uncertain: int) -> Sampler:
    if uncertain > DIMENSIONS and request.sampler == "sobol":
        detail = f"sobol draws at most {DIMENSIONS} uncertain durations, and there are {uncertain}"
        raise UnsuitableSampler([Fault("/sampler", detail)])
    return request.sampler or ("sobol" if uncertain <= DIMENSIONS else "latin_hypercube")


def _draw(network: ActivityNetwork, classic: Pert, laws: dict[int, Distribution], design: Design) -> _Drawn:
    """Block by block, so that memory does not grow with the draws."""
    activities = network.network.activities
    law = JointLaw({activities[row].key: law_of(spread) for row, spread in laws.items()}, INDEPENDENT)
    sample, places = Sample(law, design), law.places({activities[row].key: row for row in laws})
    if design.draws * len(activities) >= LARGE:
        begin_loading()
    durations = np.repeat(_certain(activities, classic)[:, np.newaxis], BLOCK, axis=1)
    uncertain = list(laws)
    ends, same = np.empty(design.draws), np.empty(design.draws)
    critical = np.zeros((len(activities), REPLICATES), dtype=np.int64)
    sums = np.zeros((6, len(uncertain), REPLICATES))
    for start in range(0, design.draws, BLOCK):
        sample.fill(loops(), start, places, durations)
        for first in range(start, min(start + BLOCK, design.draws), STRIP):
            between_blocks()
            size = min(STRIP, design.draws - first)
            times = network.times(durations[:, first - start : first - start + size])
            ends[first : first + size], same[first : first + size] = times.end, times.same
            # About values near the means, the sums keep their digits.
            off = times.durations[uncertain] - classic.expected[uncertain, np.newaxis]
            late, without_float = times.end - classic.duration, times.critical
            for replicate in range(REPLICATES):
                at = slice(replicate, None, REPLICATES)
                critical[:, replicate] += without_float[:, at].sum(axis=1)
                sums[:, :, replicate] += _sums(off[:, at], late[at])
    return _Drawn(ends, same, by_replicate(np.ones(design.draws, dtype=np.bool_)), critical, sums)


def _sums(own: Numbers, late: Numbers) -> Numbers:
    """What `_correlation` takes, a column a row of `own`."""
    every = np.ones(len(own))
    return np.stack(
        (
            own.sum(axis=1),
            (own * own).sum(axis=1),
            every * late.sum(),
            every * (late * late).sum(),
            (own * late).sum(axis=1),
            every * len(late),
        )
    )


def _certain(activities: tuple[NetworkActivity, ...], classic: Pert) -> Numbers:
    """Durations before anything is drawn: an estimate of three points alike is certain, too."""
    return np.array(
        [
            activity.duration if activity.estimate is None else classic.expected[row]
            for row, activity in enumerate(activities)
        ]
    )


def _met(drawn: _Drawn, deadline: float) -> Estimate:
    met = drawn.ends <= deadline + drawn.same
    return probability(by_replicate(met), drawn.usable)


def _completion(drawn: _Drawn, classic: Pert, bins: int) -> Completion:
    found = summed_up(drawn.ends, Scale(classic.duration, 1.0), first=True, keep=True)
    everything = Part(
        start=0,
        stop=len(drawn.ends),
        usable=drawn.usable,
        several_rates=0,
        first_failure=None,
        hits={},
        outputs={},
    )
    quantiles = quantiles_of(found)
    moments = Moments(found, found.moments)
    return Completion(
        mean=moments.mean,
        sd=moments.sd,
        percentiles=percentiles(quantiles),
        histogram=histogram(found, quantiles, bins),
        convergence=convergence(everything, found),
    )


def _risks(
    request: ScheduleSimulationRequest, classic: Pert, laws: dict[int, Distribution], drawn: _Drawn
) -> Iterator[ActivityRisk]:
    place = {row: index for index, row in enumerate(laws)}
    for row, activity in enumerate(request.network.activities):
        yield ActivityRisk(
            key=activity.key,
            expected=float(classic.expected[row]),
            variance=float(classic.variances[row]),
            criticality=probability(drawn.critical[row], drawn.usable),
            cruciality=_cruciality(drawn.sums[:, place[row]]) if row in place else _NOTHING,
        )


def _cruciality(sums: Numbers) -> Estimate:
    """From the sums over each replicate."""
    value = _correlation(sums.sum(axis=1))
    if math.isnan(value):
        return _NOTHING
    size = abs(value)
    spread = np.array([_correlation(replicate) for replicate in sums.T])
    margin = T95 * float(spread.std(ddof=1)) / math.sqrt(REPLICATES)
    if math.isnan(margin):
        return Estimate(value=size, low=None, high=None)
    return Estimate(value=size, low=max(0.0, size - margin), high=min(1.0, size + margin))


def _correlation(sums: Numbers) -> float:
    """Pearson's; NaN where one of both does not vary."""
    own, own_squares, late, late_squares, products, count = map(float, sums)
    spread = (own_squares - own * own / count) * (late_squares - late * late / count)
    if spread <= 0:
        return math.nan
    return max(-1.0, min(1.0, (products - own * late / count) / math.sqrt(spread)))


def _warnings(laws: dict[int, Distribution]) -> Iterator[FieldError]:
    if not laws:
        yield FieldError(
            pointer="/network/activities", detail="no duration is uncertain: all draws are the same"
        )
