"""Deterministic runs: an evaluation request in, an evaluation out."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from services.calculation_engine.domain.assignment import assign
from services.calculation_engine.domain.cash_flow import Amounts, cash_flow
from services.calculation_engine.domain.compiled import LARGEST_AMOUNT, CompiledModel, compile_model
from services.calculation_engine.domain.errors import Fault, NoFiniteValue
from services.calculation_engine.domain.figures import Costs, Part, figures
from services.calculation_engine.domain.report import Report
from services.schemas.distributions import Truncated
from services.schemas.evaluation import Evaluation, EvaluationRequest
from services.schemas.simulation import Output
from services.schemas.value_model import ValueModel

_BRIEF_PERIODS = 120
_BRIEF_LINES = 40
_BRIEF_FORMULAS = 2048
_BRIEF_JSON = 2**14


def is_brief(request: EvaluationRequest) -> bool:
    """Whether the model is of a usual size: ten years of months, some dozens of lines, a page of formulas,
    some pages in all, and no law whose mean is an integral. Its run takes about a millisecond, and some more
    the first time."""
    model = request.model
    lines = (*model.drivers, *model.costs, *model.pools.values())
    return (
        model.horizon.periods <= _BRIEF_PERIODS
        and len(lines) <= _BRIEF_LINES
        and not any(isinstance(given.distribution, Truncated) for given in model.inputs.values())
        and sum(map(len, _texts(model))) <= _BRIEF_FORMULAS
        and len(model.model_dump_json()) <= _BRIEF_JSON
    )


def _texts(model: ValueModel) -> Iterator[str]:
    yield from model.formulas.values()
    yield from (driver.formula for driver in model.drivers)
    yield from (pool.annual_amount for pool in model.pools.values())
    for cost in model.costs:
        yield from (cost.initial, cost.recurring)


def evaluate(request: EvaluationRequest) -> Evaluation:
    """Evaluates a model once.

    Raises InvalidModel, InvalidFormula, UnknownName, or NoFiniteValue if an amount that counts has no value.
    """
    compiled = compile_model(request.model)
    point = assign(compiled, request.scenario, request.inputs).point
    values = compiled.program.at_point(point)
    flow = cash_flow(compiled, _amounts(compiled, values))
    return Report(compiled, flow, values).evaluation(request.scenario, point)


def output_at(compiled: CompiledModel, point: Mapping[str, float], output: Output) -> float | None:
    """One figure of all drivers together, None if there is none; raises NoFiniteValue like `evaluate`."""
    flow = cash_flow(compiled, _amounts(compiled, compiled.program.at_point(point)))
    benefits = flow.benefits.sum(axis=0)
    pv = float(benefits @ compiled.factors)
    part = Part(benefits, pv, pv_resting_on_assumptions=0.0, pv_of_all=pv)
    costs = Costs.of(compiled, flow.costs.sum(axis=0))
    figure: float | None = getattr(figures(compiled, part, costs), output)
    return figure


def _amounts(compiled: CompiledModel, values: Sequence[float]) -> Amounts:
    found = [values[node] for node in compiled.amounts]
    if not all(-LARGEST_AMOUNT < amount < LARGEST_AMOUNT for amount in found):
        raise NoFiniteValue(list(_faults(compiled, values)))
    amounts = np.array(found, dtype=np.float64)
    initial = len(compiled.driver_formulas)
    recurring = initial + len(compiled.initial_formulas)
    pools = recurring + len(compiled.recurring_formulas)
    return Amounts(amounts[:initial], amounts[initial:recurring], amounts[recurring:pools], amounts[pools:])


def _faults(compiled: CompiledModel, values: Sequence[float]) -> Iterator[Fault]:
    for pointer, node in zip(compiled.amount_formulas, compiled.amounts, strict=True):
        if math.isnan(values[node]):
            yield compiled.program.blame(pointer, values)
        elif abs(values[node]) >= LARGEST_AMOUNT:
            yield _too_large(compiled, pointer)


def _too_large(compiled: CompiledModel, pointer: str) -> Fault:
    name = compiled.program.sources[pointer].name
    expected = f"an amount below {LARGEST_AMOUNT:g}"
    return Fault(pointer, f"the amount of {name} is too large", formula=name, position=0, expected=expected)
