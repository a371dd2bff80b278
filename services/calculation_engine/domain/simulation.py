"""Monte Carlo runs: a simulation request in, a simulation out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from services.calculation_engine.domain.assignment import Assignment, assign
from services.calculation_engine.domain.compiled import CompiledModel, compile_model
from services.calculation_engine.domain.drawn_figures import OUTPUTS
from services.calculation_engine.domain.drawn_flow import DrawnFlow, Draws
from services.calculation_engine.domain.errors import NotYetSupported
from services.calculation_engine.domain.formula.draws import DrawsProgram
from services.calculation_engine.domain.sampling.distributions import quantile
from services.calculation_engine.domain.sampling.uniforms import BLOCK, Sampler, uniforms
from services.calculation_engine.domain.statistics import distributed, proportion
from services.schemas.canonical import content_hash
from services.schemas.problem import FieldError
from services.schemas.simulation import (
    Estimate,
    Output,
    Probabilities,
    Simulation,
    SimulationRequest,
    Targets,
)

LARGEST_INLINE = 2**17
"""More draws than this are work for a job."""
LARGEST_WORK = 2**31
"""So are more operations than this, over all draws: about ten seconds of one core."""

DEFAULT_SAMPLER: Sampler = "latin_hypercube"


def simulate(request: SimulationRequest) -> Simulation:
    """Draws the uncertain inputs and evaluates the model for every draw.

    Raises what `evaluate` raises, save that draws without a finite value are counted instead; and
    NotYetSupported for correlations, the sobol sampler, and more draws than LARGEST_INLINE.
    """
    sampler = _sampler(request)
    compiled = compile_model(request.model)
    assignment = assign(request.model, request.scenario, request.inputs)
    experiment = _Experiment(compiled, assignment, sampler, request.seed)
    if experiment.operations * request.draws > LARGEST_WORK:
        raise NotYetSupported(f"jobs (more than {LARGEST_WORK} operations)", "/draws")
    sample = _Sample.gather(experiment.blocks(request.draws), _wanted(request))
    return Simulation(
        model_hash=content_hash(request.model),
        currency=request.model.currency,
        scenario=request.scenario,
        inputs=tuple(experiment.drawn),
        draws=request.draws,
        seed=request.seed,
        sampler=sampler,
        non_finite_draws=request.draws - sample.size,
        outputs=tuple(
            distributed(output, sample.columns[output], request.bins)
            for output in dict.fromkeys(request.outputs)
        ),
        probabilities=_probabilities(sample, request.targets),
        warnings=tuple(_warnings(experiment, sample)),
    )


def _sampler(request: SimulationRequest) -> Sampler:
    if request.model.correlations:
        raise NotYetSupported("correlations", "/model/correlations")
    if request.draws > LARGEST_INLINE:
        raise NotYetSupported(f"jobs (a request of more than {LARGEST_INLINE} draws)", "/draws")
    if request.sampler == "sobol":
        raise NotYetSupported("sobol", "/sampler")
    return request.sampler or DEFAULT_SAMPLER


def _wanted(request: SimulationRequest) -> set[Output]:
    """The outputs that the answer reads: those asked for, and those that probabilities are about."""
    wanted: set[Output] = {"npv", *request.outputs}
    if request.targets.roi is not None:
        wanted.add("roi")
    if request.targets.payback_months is not None:
        wanted.add("payback_months")
    return wanted


class _Experiment:
    """A model whose uncertain inputs can be drawn, block by block."""

    def __init__(self, compiled: CompiledModel, assignment: Assignment, sampler: Sampler, seed: int) -> None:
        self.compiled = compiled
        self.point = assignment.point
        formulas = compiled.amount_formulas
        read = frozenset().union(*map(compiled.program.variables_of, formulas))
        self.drawn = {name: spread for name, spread in assignment.drawn.items() if name in read}
        self._sampler: Sampler = sampler
        self._seed = seed
        self._program = DrawsProgram(compiled.program, assignment.point, self.drawn, formulas)

    @property
    def operations(self) -> int:
        """How many a draw takes."""
        return self._program.size

    def blocks(self, draws: int) -> Iterator["_Block"]:
        for index, start in enumerate(range(0, draws, BLOCK)):
            size = min(BLOCK, draws - start)
            inputs = {name: self._column(name, index, size) for name in self.drawn}
            amounts = self._program.run(inputs, size)
            yield _Block(inputs, DrawnFlow(self.compiled, amounts, size))

    def _column(self, name: str, block: int, size: int) -> Draws:
        probabilities = uniforms(self._sampler, self._seed, name, block, size)
        with np.errstate(all="ignore"):
            values = quantile(self.drawn[name], probabilities)
        return np.where(np.isfinite(values), values, np.nan)


@dataclass(frozen=True, slots=True)
class _Block:
    inputs: Mapping[str, Draws]
    flow: DrawnFlow


@dataclass(frozen=True, slots=True)
class _Sample:
    """The outputs of all usable draws, and the inputs of the first draw that was not."""

    columns: Mapping[Output, Draws]
    size: int
    first_failure: Mapping[str, float] | None

    @staticmethod
    def gather(blocks: Iterator[_Block], wanted: set[Output]) -> "_Sample":
        parts: dict[Output, list[Draws]] = {output: [] for output in wanted}
        first_failure: Mapping[str, float] | None = None
        for block in blocks:
            usable = block.flow.usable
            for output, found in parts.items():
                found.append(OUTPUTS[output](block.flow)[usable])
            if first_failure is None and not usable.all():
                at = int(np.argmin(usable))
                first_failure = {name: float(column[at]) for name, column in block.inputs.items()}
        columns = {output: np.concatenate(found) for output, found in parts.items()}
        return _Sample(columns, len(columns["npv"]), first_failure)


def _probabilities(sample: _Sample, targets: Targets) -> Probabilities:
    """NaN and infinity never meet a target."""

    def share(output: Output, meets: np.ufunc, target: float | None) -> Estimate | None:
        if target is None:
            return None
        return proportion(int(np.count_nonzero(meets(sample.columns[output], target))), sample.size)

    return Probabilities(
        npv_positive=proportion(int(np.count_nonzero(sample.columns["npv"] > 0)), sample.size),
        roi_target=share("roi", np.greater_equal, targets.roi),
        payback_target=share("payback_months", np.less_equal, targets.payback_months),
    )


def _warnings(experiment: _Experiment, sample: _Sample) -> Iterator[FieldError]:
    if not experiment.drawn:
        yield FieldError(
            pointer="/model/inputs", detail="no input that counts is uncertain: all draws are the same"
        )
    if sample.first_failure is not None:
        yield _failure(experiment, sample.first_failure)


def _failure(experiment: _Experiment, draw: Mapping[str, float]) -> FieldError:
    """Why the first unusable draw is one."""
    for name, value in draw.items():
        if np.isnan(value):
            return FieldError(pointer=f"/model/inputs/{name}", detail=f"in some draws {name} is too large")
    program = experiment.compiled.program
    values = program.at_point({**experiment.point, **draw})
    for pointer in experiment.compiled.amount_formulas:
        if np.isnan(values[program.roots[pointer]]):
            fault = program.blame(pointer, values)
            return FieldError(pointer=fault.pointer, detail=f"in some draws {fault.detail}")
    return FieldError(pointer="/model", detail="in some draws an amount is too large")
