"""Goal seeks: the value of one input at which an output meets a target."""

import math

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.assignment import Assignment, assign
from services.calculation_engine.domain.bounds import INLINE, Bounds
from services.calculation_engine.domain.compiled import CompiledModel, compile_model
from services.calculation_engine.domain.drawn_figures import OUTPUTS
from services.calculation_engine.domain.drawn_flow import DrawnFlow, FlowPlan
from services.calculation_engine.domain.errors import Fault, MissingBounds, NoFiniteValue, UnknownName
from services.calculation_engine.domain.evaluation import output_at
from services.calculation_engine.domain.formula.draws import DrawsProgram
from services.calculation_engine.domain.loops.choice import loops
from services.schemas.canonical import content_hash
from services.schemas.goal_seek import GoalSeek, GoalSeekRequest, Root
from services.schemas.problem import FieldError

Points = NDArray[np.float64]

MOST_ROOTS = 20

_POINTS = 1025
_REFINEMENTS = 8
_NARROW = 1e-15
# An output so near to the target, by its reach, is there.
_MET = 1e-9


def seek(request: GoalSeekRequest, bounds: Bounds = INLINE) -> GoalSeek:
    """Finds where the output meets the target: every change of side between 1025 even points is refined.

    Two meetings between neighbouring points go unseen, and so does a touch. Raises what `evaluate` raises,
    UnknownName for the input, MissingBounds, and TooLarge.
    """
    if request.input not in request.model.inputs:
        raise UnknownName([Fault("/input", f"the model has no input {request.input!r}")])
    low, high = _bounds(request)
    compiled = compile_model(request.model)
    assignment = assign(compiled, request.scenario, request.inputs)
    search = _Search(request, compiled, assignment)
    bounds.admit(draws=_POINTS)
    points = np.linspace(low, high, _POINTS)
    outputs = search.outputs(points)
    known = outputs[np.isfinite(outputs)]
    roots = search.roots(points, outputs)
    current = assignment.point[request.input]
    exact = [root for root in roots if root.exact]
    nearest = min(exact or roots, key=lambda root: abs(root.value - current), default=None)
    return GoalSeek(
        model_hash=content_hash(request.model),
        currency=request.model.currency,
        scenario=request.scenario,
        input=request.input,
        output=request.output,
        target=request.target,
        low=low,
        high=high,
        outcome="found" if exact else "jumps" if roots else "out_of_reach",
        value=None if nearest is None else nearest.value,
        roots=tuple(roots),
        current=current,
        output_at_current=search.at(current),
        least=float(known.min()) if known.size else None,
        greatest=float(known.max()) if known.size else None,
        warnings=() if search.counts else (search.without_influence(),),
    )


def _bounds(request: GoalSeekRequest) -> tuple[float, float]:
    declared = request.model.inputs[request.input]
    low = declared.low if request.low is None else request.low
    high = declared.high if request.high is None else request.high
    missing = [name for name, bound in (("low", low), ("high", high)) if bound is None]
    if low is None or high is None:
        raise MissingBounds(
            [Fault(f"/{name}", f"the input {request.input!r} has no {name} of its own") for name in missing]
        )
    if not low < high:
        raise MissingBounds([Fault("/low", f"low must be less than high, which is {high:g}")])
    return low, high


class _Search:
    def __init__(self, request: GoalSeekRequest, compiled: CompiledModel, assignment: Assignment) -> None:
        self._request = request
        self._compiled = compiled
        self._point = assignment.point
        self.counts = request.input in compiled.read

    def without_influence(self) -> FieldError:
        return FieldError(pointer="/input", detail=f"nothing that counts reads {self._request.input}")

    def at(self, value: float) -> float | None:
        """The output for one value; None where it does not exist."""
        try:
            return output_at(
                self._compiled, {**self._point, self._request.input: value}, self._request.output
            )
        except NoFiniteValue:
            return None

    def outputs(self, points: Points) -> Points:
        """The output for many values at once; NaN or infinite where it does not exist.

        Raises NoFiniteValue if an amount has no value at any point.
        """
        compiled, name = self._compiled, self._request.input
        program = DrawsProgram(compiled.program, self._point, [name], compiled.amount_formulas)
        registers = program.registers()
        registers[program.inputs[name], : len(points)] = points
        program.run(loops(), registers, len(points))
        with np.errstate(all="ignore"):
            flow = DrawnFlow(FlowPlan(compiled, program.results), loops(), registers, len(points))
            if not flow.usable.any():
                output_at(compiled, {**self._point, name: float(points[0])}, self._request.output)
            return np.where(flow.usable, OUTPUTS[self._request.output](flow), math.nan)

    def roots(self, points: Points, outputs: Points) -> list[Root]:
        """Where the outputs at ascending points meet the target, or change sides; at most MOST_ROOTS."""
        off = outputs - self._request.target
        finite = off[np.isfinite(off)]
        reach = float(np.ptp(finite)) if finite.size else 0.0
        met = np.flatnonzero(off == 0)
        # A flat stretch on the target is met at its beginning.
        met = met[np.diff(met, prepend=-2) > 1]
        found = [Root(value=float(points[at]), output=float(outputs[at]), exact=True) for at in met]
        found += [
            self._refined(float(points[at]), float(points[at + 1]), reach)
            for at in _changes(off)[:MOST_ROOTS]
        ]
        return sorted(found, key=lambda root: root.value)[:MOST_ROOTS]

    def _refined(self, low: float, high: float, reach: float) -> Root:
        """The change of sides between two points, as far as float64 can tell; `exact` is measured by how far
        the outputs reach."""
        points = np.array([low, high])
        for _ in range(_REFINEMENTS):
            points = np.linspace(low, high, _POINTS)
            changes = _changes(self.outputs(points) - self._request.target)
            if not changes.size or high - low <= _NARROW * max(abs(low), abs(high)):
                break
            low, high = float(points[changes[0]]), float(points[changes[0] + 1])
        outputs = self.outputs(points)
        at = int(np.nanargmin(np.abs(outputs - self._request.target)))
        output = float(outputs[at])
        size = max(abs(self._request.target), reach)
        return Root(
            value=float(points[at]), output=output, exact=abs(output - self._request.target) <= _MET * size
        )


def _changes(off: Points) -> NDArray[np.intp]:
    """Where a number and its successor lie on different sides of zero."""
    return np.flatnonzero((off[:-1] < 0) & (off[1:] > 0) | (off[:-1] > 0) & (off[1:] < 0))
