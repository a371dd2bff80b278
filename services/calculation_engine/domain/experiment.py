"""A model whose uncertain inputs are drawn: its outputs for any range of draws."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.drawn_figures import OF_PRESENT_VALUES, OUTPUTS
from services.calculation_engine.domain.drawn_flow import DrawnFlow, PresentValues
from services.calculation_engine.domain.drawn_model import DrawnModel
from services.calculation_engine.domain.formula.draws import Registers
from services.calculation_engine.domain.interruption import between_blocks
from services.calculation_engine.domain.loops.choice import Loops, begin_loading, loops
from services.calculation_engine.domain.loops.shared import BLOCK, Drawing
from services.calculation_engine.domain.replicates import REPLICATES
from services.calculation_engine.domain.sampling.sample import Design, Sample
from services.schemas.problem import FieldError
from services.schemas.simulation import Output

Draws = NDArray[np.float64]

_TOGETHER = 4 * BLOCK
"""So many draws are one call of the loops, where these come to present values without help."""

LARGE = 2**22
"""From so many numbers on (draws times inputs and operations), compiled loops are worth their loading."""


@dataclass(frozen=True)
class Columns:
    """One number a draw, by output: NaN where a draw has no such figure or is not `usable`, and infinity for
    one that lies beyond all others (a payback that is never reached). `several_rates` counts the draws with
    more than one IRR. `first_failure` holds the inputs of the first draw that is not usable, `inputs` the
    values of those inputs that were asked for."""

    values: Mapping[Output, Draws]
    usable: NDArray[np.bool_]
    several_rates: int
    first_failure: Mapping[str, float] | None
    inputs: Mapping[str, Draws] = field(default_factory=dict)


class Experiment:
    """A model under one design. The registers make it one thread's: several threads make one each."""

    def __init__(self, model: DrawnModel, design: Design, with_loops: Loops | None = None) -> None:
        self.model = model
        self.design = design
        self.drawn = model.drawn
        self.program = model.program
        self.plan = model.plan
        self.sample = Sample(model.law, design)
        self._loops = with_loops

    @property
    def operations(self) -> int:
        """How many a draw takes."""
        return self.program.size

    @property
    def loops(self) -> Loops:
        if self._loops is not None:
            return self._loops
        if self.design.draws * (len(self.drawn) + self.operations) >= LARGE:
            begin_loading()
        return loops()

    @cached_property
    def registers(self) -> Registers:
        return self.program.registers()

    def columns(
        self, start: int, stop: int, outputs: Sequence[Output], inputs: Sequence[str] = ()
    ) -> Columns:
        """The outputs of the draws from `start`, a multiple of BLOCK, up to before `stop`."""
        size = stop - start
        values = {output: np.empty(size) for output in outputs}
        drawn = {name: np.empty(size) for name in inputs}
        usable = np.empty(size, dtype=np.bool_)
        several_rates = 0
        if drawn or self._drawing is None or values.keys() - OF_PRESENT_VALUES.keys():
            for flow, at in self.blocks(start, stop):
                usable[at] = flow.usable
                for output, column in values.items():
                    column[at] = OUTPUTS[output](flow)
                for name, column in drawn.items():
                    column[at] = self.registers[self.program.inputs[name], : flow.size]
                if "irr" in values:
                    several_rates += int(np.count_nonzero(flow.rates.several & flow.usable))
        else:
            for worth, at in self._present_values(self._drawing, start, stop):
                usable[at] = worth.usable
                for output, column in values.items():
                    column[at] = OF_PRESENT_VALUES[output](worth)
        first_failure: Mapping[str, float] | None = None
        if not usable.all():
            first_failure = self._inputs_of(start + int(np.argmin(usable)))
            for column in values.values():
                column[~usable] = np.nan
        return Columns(values, usable, several_rates, first_failure, drawn)

    def flow(self, size: int) -> DrawnFlow:
        """The flow of the first `size` draws whose inputs stand in the registers; a block at most."""
        between_blocks()
        self.program.run(self.loops, self.registers, size)
        return DrawnFlow(self.plan, self.loops, self.registers, size)

    def failure(self, draw: Mapping[str, float]) -> FieldError:
        """Why a draw is not usable."""
        for name, value in draw.items():
            if np.isnan(value):
                return FieldError(
                    pointer=f"/model/inputs/{name}", detail=f"in some draws {name} is too large"
                )
        compiled, point = self.model.compiled, self.model.assignment.point
        program = compiled.program
        values = program.at_point({**point, **draw})
        for pointer in compiled.amount_formulas:
            if np.isnan(values[program.roots[pointer]]):
                fault = program.blame(pointer, values)
                return FieldError(pointer=fault.pointer, detail=f"in some draws {fault.detail}")
        return FieldError(pointer="/model", detail="in some draws an amount is too large")

    def blocks(self, start: int, stop: int) -> Iterator[tuple[DrawnFlow, slice]]:
        """The flows of the draws from `start`, a multiple of BLOCK, up to before `stop`, block by block, and
        where in the range each stands. The registers hold one block at a time."""
        for first in range(start, stop, BLOCK):
            size = min(BLOCK, stop - first)
            self.sample.fill(self.loops, first, self.model.places, self.registers)
            with np.errstate(all="ignore"):
                yield self.flow(size), slice(first - start, first - start + size)

    @cached_property
    def _drawing(self) -> Callable[[int], Drawing] | None:
        """What the loops want, to come from a draw's points to present values; none if they need help."""
        points, law, instructions = self.sample.points, self.model.law.compiled, self.program.compiled
        if points is None or law is None or instructions is None or self.plan.pools:
            return None
        places, registers = self.model.places, self.registers
        return lambda start: (*points, start // REPLICATES, *law, places, registers, instructions)

    def _present_values(
        self, drawing: Callable[[int], Drawing], start: int, stop: int
    ) -> Iterator[tuple[PresentValues, slice]]:
        """As `blocks`, several blocks at a time and without flows by period."""
        for first in range(start, stop, _TOGETHER):
            between_blocks()
            size = min(_TOGETHER, stop - first)
            totals = partial(self.loops.present_values, drawing(first))
            with np.errstate(all="ignore"):
                yield PresentValues(self.plan, size, totals), slice(first - start, first - start + size)

    def _inputs_of(self, draw: int) -> dict[str, float]:
        column = draw % BLOCK
        self.sample.fill(self.loops, draw - column, self.model.places, self.registers)
        return self.inputs_of(column)

    def inputs_of(self, column: int) -> dict[str, float]:
        """The inputs of a draw whose column stands in the registers."""
        return {name: float(self.registers[row, column]) for name, row in self.program.inputs.items()}
