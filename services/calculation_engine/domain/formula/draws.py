"""Formulas over many draws at once: the part of a program that varies, as instructions over registers.

A register is a row with a number a draw; rows are padded off powers of two, which would fall on the same
lines of a processor's cache.
"""

import math
import operator
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from itertools import groupby
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.formula.graph import Call, Variable
from services.calculation_engine.domain.formula.operations import Operation
from services.calculation_engine.domain.formula.program import Program
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK, EXACT

Registers = NDArray[np.float64]
Instructions = NDArray[np.int64]
"""A row an instruction: its code, and the registers of its result and its arguments."""

_LINE = 8
"""So many numbers fill a line of a processor's cache."""
_PADDED = BLOCK + _LINE
_CODES = {name: code for code, name in enumerate(EXACT)}


@dataclass(frozen=True, slots=True)
class _Step:
    """Computes one node; `last` are the nodes that nobody reads any more afterwards."""

    number: int
    operation: Operation
    arguments: tuple[int, ...]
    last: tuple[int, ...]


class _Instruction(NamedTuple):
    """One operation for the loops: its code, and the registers of its result and its arguments."""

    code: int
    result: int
    first: int
    second: int = 0
    third: int = 0


@dataclass(frozen=True, slots=True)
class _Run:
    instructions: Instructions

    def do(self, loops: Loops, registers: Registers, size: int) -> None:
        loops.run(self.instructions, registers, size)


@dataclass(frozen=True, slots=True)
class _Single:
    """One operation that is NumPy's whichever loops serve."""

    operation: Operation
    result: int
    arguments: tuple[int, ...]

    def do(self, _: Loops, registers: Registers, size: int) -> None:
        arguments = (registers[row, :size] for row in self.arguments)
        registers[self.result, :size] = self.operation.on_draws(*arguments)


class DrawsProgram:
    """The formulas `wanted` (by pointer) of a program, some of whose variables are drawn and the rest given.

    `inputs` says in which register each drawn variable is expected, `results` where each wanted formula's
    value is found. What does not depend on a drawn variable is computed once, and stands in its register from
    the beginning. A draw without a value has NaN.
    """

    def __init__(
        self, program: Program, point: Mapping[str, float], drawn: Collection[str], wanted: Sequence[str]
    ) -> None:
        layout = _layout(program, tuple(drawn), tuple(wanted))
        constant = program.at_point({**point, **dict.fromkeys(drawn, math.nan)}, but=layout.varying)
        self._layout = layout
        self.inputs = layout.inputs
        self.results = layout.results
        self.size = layout.size
        """How many operations a draw takes."""
        self._constants = {row: constant[node] for row, node in layout.constants.items()}

    def registers(self) -> Registers:
        """Room for a block of draws, for one thread."""
        registers = _room(max(self._layout.count, 1))
        for row, value in self._constants.items():
            registers[row] = value
        return registers

    def run(self, loops: Loops, registers: Registers, size: int) -> None:
        """Computes the results of the first `size` draws in the registers."""
        _do(self._layout.parts, loops, registers, size)

    @property
    def compiled(self) -> Instructions | None:
        """All instructions, if the loops do them in one call."""
        kinds = [part.instructions if isinstance(part, _Run) else None for part in self._layout.parts]
        return kinds[0] if len(kinds) == 1 else None

    @cached_property
    def reached(self) -> Mapping[str, "Reached"]:
        """The results that depend on each drawn variable."""
        return {name: _reached(self._layout, place) for place, name in enumerate(self._layout.drawn)}


def _room(rows: int) -> Registers:
    """Each row begins with a line of the cache: a vector that lies in two of them takes twice the time."""
    numbers = rows * _PADDED
    room = np.empty(numbers + _LINE)
    first = -room.ctypes.data // room.itemsize % _LINE
    return room[first : first + numbers].reshape(rows, _PADDED)


@dataclass(frozen=True, slots=True)
class Reached:
    """Some results of a program: their rows, and how to compute them again and leave all others alone."""

    rows: Sequence[int]
    _parts: Sequence[_Run | _Single]

    def run(self, loops: Loops, registers: Registers, size: int) -> None:
        _do(self._parts, loops, registers, size)


def _do(parts: Sequence[_Run | _Single], loops: Loops, registers: Registers, size: int) -> None:
    with np.errstate(all="ignore"):
        for part in parts:
            part.do(loops, registers, size)


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a program does whatever its given variables are. `varying` nodes depend on drawn ones; `constants`
    are the nodes whose values stand in registers from the beginning, by row. Of each step, by its place: the
    drawn variables that it depends on, as the ones of a number; and the steps that it reads. `roots` are the
    steps of the wanted formulas."""

    drawn: tuple[str, ...]
    varying: frozenset[int]
    inputs: Mapping[str, int]
    results: Mapping[str, int]
    placed: Sequence[_Instruction | _Single]
    parts: Sequence[_Run | _Single]
    constants: Mapping[int, int]
    count: int
    size: int
    depends: Sequence[int]
    reads: Sequence[Sequence[int]]
    roots: Sequence[int]


@lru_cache(maxsize=128)
def _layout(program: Program, drawn: tuple[str, ...], wanted: tuple[str, ...]) -> _Layout:
    """Remembered, as the program itself is."""
    roots = {pointer: program.roots[pointer] for pointer in wanted}
    varying = _varying(program, drawn)
    steps = _steps(program, varying, set(roots.values()))
    rows = _Rows()
    variables = {node.name: number for number, node in enumerate(program.nodes) if isinstance(node, Variable)}
    inputs = {name: rows.new(variables[name]) for name in drawn}
    placed = tuple(_placed(steps, rows, set(roots.values()), set(variables.values())))
    results = {pointer: rows.of(number) for pointer, number in roots.items()}
    places = {step.number: place for place, step in enumerate(steps)}
    reads = [[places[each] for each in step.arguments if each in places] for step in steps]
    return _Layout(
        drawn=drawn,
        varying=frozenset(varying),
        inputs=inputs,
        results=results,
        placed=placed,
        parts=tuple(_parts(placed)),
        constants=rows.constants,
        count=rows.count,
        size=len(steps),
        depends=_depends(steps, reads, {variables[name]: 1 << place for place, name in enumerate(drawn)}),
        reads=reads,
        roots=[places[number] for number in set(roots.values()) if number in places],
    )


def _depends(steps: Sequence[_Step], reads: Sequence[Sequence[int]], drawn: Mapping[int, int]) -> list[int]:
    depends: list[int] = []
    for step, before in zip(steps, reads, strict=True):
        own = [drawn.get(argument, 0) for argument in step.arguments]
        depends.append(reduce(operator.or_, (depends[each] for each in before), sum(set(own))))
    return depends


def _reached(layout: _Layout, variable: int) -> Reached:
    roots = [place for place in layout.roots if layout.depends[place] >> variable & 1]
    needed = set(roots)
    for place in range(len(layout.placed) - 1, -1, -1):
        if place in needed:
            needed.update(layout.reads[place])
    rows = [layout.placed[place].result for place in roots]
    placed = [layout.placed[place] for place in sorted(needed)]
    return Reached(rows, tuple(_parts(placed)))


class _Rows:
    """Which node stands in which register; a register is used again when its node is done with."""

    def __init__(self) -> None:
        self._row: dict[int, int] = {}
        self._free: list[int] = []
        self.constants: dict[int, int] = {}
        self.count = 0

    def new(self, node: int) -> int:
        if not self._free:
            return self.own(node)
        self._row[node] = self._free.pop()
        return self._row[node]

    def own(self, node: int) -> int:
        """A register that no other node had before."""
        self._row[node] = self.count
        self.count += 1
        return self._row[node]

    def of(self, node: int) -> int:
        """The node's register; one that no step has computed is constant, and gets one that is never free."""
        if node not in self._row:
            self.constants[self.own(node)] = node
        return self._row[node]

    def release(self, node: int) -> None:
        self._free.append(self._row[node])


def _placed(
    steps: Sequence[_Step], rows: _Rows, roots: set[int], variables: set[int]
) -> Iterator[_Instruction | _Single]:
    """A result has a register apart from its arguments': loops that may overlap are not made vectors. A root
    has one of its own from the beginning to the end: whatever is computed again leaves it alone."""
    for step in steps:
        arguments = tuple(rows.of(argument) for argument in step.arguments)
        result = rows.own(step.number) if step.number in roots else rows.new(step.number)
        for argument in step.last:
            if argument not in roots and argument not in variables:
                rows.release(argument)
        code = _CODES.get(step.operation.name)
        if code is None:
            yield _Single(step.operation, result, arguments)
        else:
            yield _Instruction(code, result, *arguments)


def _parts(placed: Iterable[_Instruction | _Single]) -> Iterator[_Run | _Single]:
    """Instructions in runs as long as the loops can do without NumPy."""
    for kind, group in groupby(placed, type):
        if kind is _Instruction:
            yield _Run(np.array(list(group), dtype=np.int64))
        else:
            yield from cast(Iterable[_Single], group)


def _varying(program: Program, drawn: Collection[str]) -> set[int]:
    varying: set[int] = set()
    for number, node in enumerate(program.nodes):
        if isinstance(node, Variable):
            if node.name in drawn:
                varying.add(number)
        elif isinstance(node, Call) and not varying.isdisjoint(node.arguments):
            varying.add(number)
    return varying


def _steps(program: Program, varying: set[int], roots: set[int]) -> list[_Step]:
    """The varying nodes that the roots need, in order; found from the last node to the first."""
    needed = set(roots)
    steps: list[_Step] = []
    for number in range(len(program.nodes) - 1, -1, -1):
        node = program.nodes[number]
        if number not in needed or number not in varying or not isinstance(node, Call):
            continue
        arguments = {argument for argument in node.arguments if argument in varying}
        # Going backwards, an argument that nobody needs yet is read here for the last time.
        last = tuple(sorted(arguments - needed))
        needed |= arguments
        steps.append(_Step(number, node.definition, node.arguments, last))
    steps.reverse()
    return steps
