"""Monte Carlo runs: a simulation request in, a simulation out."""

from collections.abc import Iterator, Sequence

from services.calculation_engine.domain.assignment import assign
from services.calculation_engine.domain.bounds import INLINE, Bounds
from services.calculation_engine.domain.compiled import compile_model
from services.calculation_engine.domain.drawn_model import DrawnModel
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.part import Part, part_of
from services.calculation_engine.domain.sampling.sample import Design
from services.calculation_engine.domain.statistics import distributed, probability
from services.schemas.canonical import content_hash
from services.schemas.problem import FieldError
from services.schemas.simulation import (
    Distributed,
    Output,
    Probabilities,
    Sampler,
    Simulation,
    SimulationRequest,
)

DEFAULT_SAMPLER: Sampler = "sobol"


def simulate(request: SimulationRequest, bounds: Bounds = INLINE) -> Simulation:
    """Draws the uncertain inputs and evaluates the model for every draw.

    Raises what `evaluate` raises, save that draws without a finite value are counted instead; and TooLarge.
    """
    experiment = experiment_of(request)
    bounds.admit(draws=request.draws, operations=experiment.operations * request.draws)
    return simulation(request, experiment, part_for(request, experiment, 0, request.draws))


def experiment_of(request: SimulationRequest) -> Experiment:
    """What is drawn for a request; one a thread."""
    compiled = compile_model(request.model)
    return Experiment(
        DrawnModel(compiled, assign(compiled, request.scenario, request.inputs)),
        Design(request.sampler or DEFAULT_SAMPLER, request.seed, request.draws),
    )


def part_for(request: SimulationRequest, experiment: Experiment, start: int, stop: int) -> Part:
    """What the answer to a request needs to know of the draws from `start`, a multiple of `part.SPAN`, up to
    before `stop`, another one or all draws. Parts of a request merge with `part.merged`."""
    return part_of(experiment, start, stop, _wanted(request), request.targets)


def simulation(request: SimulationRequest, experiment: Experiment, part: Part) -> Simulation:
    """The answer to a request, from the part that holds all its draws."""
    outputs = tuple(distributed(output, part, request.bins) for output in dict.fromkeys(request.outputs))
    return Simulation(
        model_hash=content_hash(request.model),
        currency=request.model.currency,
        scenario=request.scenario,
        inputs=tuple(experiment.drawn),
        draws=request.draws,
        seed=request.seed,
        sampler=experiment.design.sampler,
        non_finite_draws=request.draws - int(part.usable.sum()),
        outputs=outputs,
        probabilities=Probabilities(
            **{name: probability(hits, part.usable) for name, hits in part.hits.items()}
        ),
        warnings=(*_warnings(experiment, part), *_rates_that_are_missing(outputs, part)),
    )


def _wanted(request: SimulationRequest) -> list[Output]:
    """The outputs that the answer reads: those asked for, and those that probabilities are about."""
    wanted: dict[Output, None] = {"npv": None, **dict.fromkeys(request.outputs)}
    if request.targets.roi is not None:
        wanted["roi"] = None
    if request.targets.payback_months is not None:
        wanted["payback_months"] = None
    return list(wanted)


def _warnings(experiment: Experiment, part: Part) -> Iterator[FieldError]:
    if not experiment.drawn:
        yield FieldError(
            pointer="/model/inputs", detail="no input that counts is uncertain: all draws are the same"
        )
    for pair in experiment.model.copula.repaired:
        yield FieldError(
            pointer="/model/correlations",
            detail=f"the rank correlations contradict each other: {pair.first} and {pair.second} are drawn "
            f"with {pair.used:.3f} instead of {pair.wanted:.3f}, the nearest that is possible",
        )
    if part.first_failure is not None:
        yield experiment.failure(part.first_failure)


def _rates_that_are_missing(outputs: Sequence[Distributed], part: Part) -> Iterator[FieldError]:
    """Flows with several IRRs, on which spreadsheets disagree, and those with none."""
    undefined = sum(each.undefined for each in outputs if each.output == "irr")
    for draws, have in (
        (part.several_rates, "have several IRRs, and count as having none"),
        (undefined - part.several_rates, "have no IRR: no rate makes their flow worth nothing"),
    ):
        if draws > 0:
            share = draws / int(part.usable.sum())
            yield FieldError(pointer="/outputs", detail=f"{share:.2%} of the draws {have}; see mirr")
