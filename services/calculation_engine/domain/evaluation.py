"""Deterministic runs: an evaluation request in, an evaluation out."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from services.calculation_engine.domain.assignment import assign
from services.calculation_engine.domain.cash_flow import Amounts, cash_flow
from services.calculation_engine.domain.compiled import LARGEST_AMOUNT, CompiledModel, compile_model
from services.calculation_engine.domain.discounting import Flow
from services.calculation_engine.domain.errors import Fault, NoFiniteValue
from services.calculation_engine.domain.figures import Part, figures
from services.calculation_engine.domain.report import Report
from services.schemas.evaluation import Evaluation, EvaluationRequest
from services.schemas.simulation import Output


def evaluate(request: EvaluationRequest) -> Evaluation:
    """Evaluates a model once.

    Raises InvalidModel, InvalidFormula, UnknownName, or NoFiniteValue if an amount that counts has no value.
    """
    compiled = compile_model(request.model)
    point = assign(request.model, request.scenario, request.inputs).point
    values = compiled.program.at_point(point)
    flow = cash_flow(compiled, _amounts(compiled, values))
    return Report(compiled, flow, values).evaluation(request.scenario, point)


def output_at(compiled: CompiledModel, point: Mapping[str, float], output: Output) -> float | None:
    """One figure of all drivers together, None if there is none; raises NoFiniteValue like `evaluate`."""
    flow = cash_flow(compiled, _amounts(compiled, compiled.program.at_point(point)))
    benefits = flow.benefits.sum(axis=0)
    pv = float(benefits @ compiled.factors)
    part = Part(benefits, pv, pv_resting_on_assumptions=0.0, pv_of_all=pv)
    figure: float | None = getattr(figures(compiled, part, flow.costs.sum(axis=0)), output)
    return figure


def _amounts(compiled: CompiledModel, values: Sequence[float]) -> Amounts:
    faults: list[Fault] = []

    def read(pointers: Sequence[str]) -> Flow:
        found = [values[compiled.program.roots[pointer]] for pointer in pointers]
        for pointer, value in zip(pointers, found, strict=True):
            if math.isnan(value):
                faults.append(compiled.program.blame(pointer, values))
            elif abs(value) >= LARGEST_AMOUNT:
                faults.append(_too_large(compiled, pointer))
        return np.array(found, dtype=np.float64)

    amounts = Amounts(
        drivers=read(compiled.driver_formulas),
        initial=read(compiled.initial_formulas),
        recurring=read(compiled.recurring_formulas),
        pools=read(compiled.pool_formulas),
    )
    if faults:
        raise NoFiniteValue(faults)
    return amounts


def _too_large(compiled: CompiledModel, pointer: str) -> Fault:
    name = compiled.program.sources[pointer].name
    expected = f"an amount below {LARGEST_AMOUNT:g}"
    return Fault(pointer, f"the amount of {name} is too large", formula=name, position=0, expected=expected)
