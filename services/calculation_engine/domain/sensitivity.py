"""Sensitivities: what an output depends on, one input at a time and by its variance."""

from collections.abc import Iterator, Mapping

import numpy as np

from services.calculation_engine.domain.assignment import Assignment, assign
from services.calculation_engine.domain.bounds import INLINE, Bounds
from services.calculation_engine.domain.compiled import CompiledModel, compile_model
from services.calculation_engine.domain.drawn_model import DrawnModel
from services.calculation_engine.domain.errors import NoFiniteValue
from services.calculation_engine.domain.evaluation import output_at
from services.calculation_engine.domain.experiment import Experiment
from services.calculation_engine.domain.indices import Influence, rank_correlations, variance_shares
from services.calculation_engine.domain.sampling.distributions import quantile
from services.calculation_engine.domain.sampling.sample import Design
from services.calculation_engine.domain.simulation import DEFAULT_SAMPLER
from services.schemas.canonical import content_hash
from services.schemas.problem import FieldError
from services.schemas.sensitivity import (
    Bar,
    RankCorrelation,
    Sensitivity,
    SensitivityRequest,
    SobolIndices,
    Source,
)
from services.schemas.value_model import Input


def analyse(request: SensitivityRequest, bounds: Bounds = INLINE) -> Sensitivity:
    """What the output depends on, by each method asked for.

    Raises what `evaluate` raises, and TooLarge.
    """
    compiled = compile_model(request.model)
    assignment = assign(compiled, request.scenario, request.inputs)
    base = output_at(compiled, assignment.point, request.output)
    experiment = Experiment(
        DrawnModel(compiled, assignment),
        Design(request.sampler or DEFAULT_SAMPLER, request.seed, request.draws),
    )
    bounds.admit(draws=request.draws, **_work(request, experiment))
    warnings: list[FieldError] = []
    bars = _tornado(request, compiled, assignment, warnings) if "tornado" in request.methods else None
    ranks = rank_correlations(experiment, request.output) if "spearman" in request.methods else None
    shares = variance_shares(experiment, request.output) if "sobol" in request.methods else None
    warnings += _warnings(experiment, sobol=shares is not None)
    found = [influence for influence in (ranks, shares) if influence is not None]
    return Sensitivity(
        model_hash=content_hash(request.model),
        currency=request.model.currency,
        scenario=request.scenario,
        output=request.output,
        base=base,
        draws=request.draws,
        seed=request.seed,
        sampler=experiment.design.sampler,
        evaluations=1 + 2 * len(bars or ()) + sum(influence.evaluations for influence in found),
        undefined=max((influence.undefined for influence in found), default=0),
        tornado=bars,
        spearman=None if ranks is None else _correlations(ranks),
        sobol=None if shares is None else _indices(shares),
        warnings=tuple(warnings),
    )


def _work(request: SensitivityRequest, experiment: Experiment) -> dict[str, int]:
    numbers = request.draws * (len(experiment.drawn) + 2)
    evaluations = numbers if "sobol" in request.methods else request.draws
    return {"numbers": numbers, "operations": evaluations * experiment.operations}


def _tornado(
    request: SensitivityRequest,
    compiled: CompiledModel,
    assignment: Assignment,
    warnings: list[FieldError],
) -> tuple[Bar, ...]:
    bars = []
    for name, (source, low, high) in _ends(request, compiled, assignment):
        at = [
            _figure(request, compiled, {**assignment.point, name: value}, warnings) for value in (low, high)
        ]
        bars.append(
            Bar(
                input=name,
                label=request.model.inputs[name].label,
                source=source,
                low=low,
                high=high,
                at_low=at[0],
                at_high=at[1],
                swing=None if at[0] is None or at[1] is None else abs(at[1] - at[0]),
            )
        )
    return tuple(sorted(bars, key=lambda bar: -1.0 if bar.swing is None else bar.swing, reverse=True))


def _ends(
    request: SensitivityRequest, compiled: CompiledModel, assignment: Assignment
) -> Iterator[tuple[str, tuple[Source, float, float]]]:
    """The inputs to vary, each with its two ends: those that count, and that nothing replaced."""
    replaced = {*request.inputs}
    if request.scenario is not None:
        replaced |= request.model.scenarios[request.scenario].inputs.keys()
    for name, declared in request.model.inputs.items():
        if name in compiled.read - replaced:
            ends = _ends_of(declared, assignment.point[name])
            if ends is not None:
                yield name, ends


def _ends_of(declared: Input, base: float) -> tuple[Source, float, float] | None:
    if declared.low is not None or declared.high is not None:
        low = base if declared.low is None else declared.low
        high = base if declared.high is None else declared.high
        return "declared", low, high
    if declared.distribution is not None:
        low, high = quantile(declared.distribution, np.array([0.1, 0.9])).tolist()
        return "p10_p90", low, high
    return None


def _figure(
    request: SensitivityRequest,
    compiled: CompiledModel,
    point: Mapping[str, float],
    warnings: list[FieldError],
) -> float | None:
    try:
        return output_at(compiled, point, request.output)
    except NoFiniteValue as refusal:
        warnings.append(FieldError(pointer=refusal.pointer, detail=f"at an end {refusal.detail}"))
        return None


def _correlations(found: Influence) -> tuple[RankCorrelation, ...]:
    rows = [RankCorrelation(input=name, correlation=one) for name, (one,) in found.estimates.items()]
    return tuple(sorted(rows, key=lambda row: -abs(row.correlation.value or 0.0)))


def _indices(found: Influence) -> tuple[SobolIndices, ...]:
    rows = [
        SobolIndices(input=name, first=first, total=total) for name, (first, total) in found.estimates.items()
    ]
    return tuple(sorted(rows, key=lambda row: -(row.total.value or 0.0)))


def _warnings(experiment: Experiment, *, sobol: bool) -> Iterator[FieldError]:
    if not experiment.drawn:
        yield FieldError(pointer="/model/inputs", detail="no input that counts is uncertain")
    if sobol and experiment.model.copula.names:
        yield FieldError(
            pointer="/model/correlations",
            detail="shares of variance are of independent inputs: sobol leaves the correlations aside",
        )
