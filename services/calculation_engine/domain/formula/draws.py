"""Formulas over many draws at once: the part of a program that varies, as instructions over registers.

A register is a row with a number a draw; rows are padded off powers of two, which would fall on the same
lines of a processor's cache.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.calculation_engine.domain.formula.graph import Call, Variable
from services.calculation_engine.domain.formula.operations import Operation
from services.calculation_engine.domain.formula.program import Program
from services.calculation_engine.domain.loops.choice import Loops
from services.calculation_engine.domain.loops.shared import BLOCK, EXACT

Registers = NDArray[np.float64]

_PADDED = BLOCK + 8
_CODES = {name: code for code, name in enumerate(EXACT)}


@dataclass(frozen=True, slots=True)
class _Step:
    """Computes one node; `last` are the nodes that nobody reads any more afterwards."""

    number: int
    operation: Operation
    arguments: tuple[int, ...]
    last: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A step's registers."""

    number: int
    operation: Operation
    result: int
    arguments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Instructions for the loops: (code, result, three arguments)."""

    instructions: NDArray[np.int64]

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
        self._source = program, tuple(drawn), tuple(wanted)
        layout = _layout(*self._source)
        # At a point where the drawn variables are NaN, every node that depends on them varies.
        constant = program.at_point({**point, **dict.fromkeys(drawn, math.nan)})
        self.inputs = layout.inputs
        self.results = layout.results
        self.size = layout.size
        """How many operations a draw takes."""
        self._parts = layout.parts
        self._constants = {row: constant[node] for row, node in layout.constants.items()}
        self._count = layout.count

    def registers(self) -> Registers:
        """Room for a block of draws, for one thread."""
        registers = np.zeros((max(self._count, 1), _PADDED))
        for row, value in self._constants.items():
            registers[row] = value
        return registers

    def run(self, loops: Loops, registers: Registers, size: int) -> None:
        """Computes the results of the first `size` draws in the registers."""
        _do(self._parts, loops, registers, size)

    def reached_by(self, name: str) -> "Reached":
        """The results that depend on one drawn variable."""
        return _reached(*self._source, name)


@dataclass(frozen=True, slots=True)
class Reached:
    """Some results of a program: their rows, and how to compute them again and leave all others alone."""

    rows: NDArray[np.int64]
    _parts: Sequence[_Run | _Single]

    def run(self, loops: Loops, registers: Registers, size: int) -> None:
        _do(self._parts, loops, registers, size)


def _do(parts: Sequence[_Run | _Single], loops: Loops, registers: Registers, size: int) -> None:
    with np.errstate(all="ignore"):
        for part in parts:
            part.do(loops, registers, size)


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a program does whatever its given variables are; `constants` are the nodes whose values stand in
    registers from the beginning, by row."""

    inputs: Mapping[str, int]
    results: Mapping[str, int]
    placed: Sequence[_Placed]
    parts: Sequence[_Run | _Single]
    constants: Mapping[int, int]
    count: int
    size: int


@lru_cache(maxsize=128)
def _layout(program: Program, drawn: tuple[str, ...], wanted: tuple[str, ...]) -> _Layout:
    """Remembered, as the program itself is."""
    roots = {pointer: program.roots[pointer] for pointer in wanted}
    steps = _steps(program, _varying(program, drawn), set(roots.values()))
    rows = _Rows()
    variables = {node.name: number for number, node in enumerate(program.nodes) if isinstance(node, Variable)}
    inputs = {name: rows.new(variables[name]) for name in drawn}
    placed = tuple(_placed(steps, rows, set(roots.values()), set(variables.values())))
    results = {pointer: rows.of(number) for pointer, number in roots.items()}
    return _Layout(inputs, results, placed, tuple(_parts(placed)), rows.constants, rows.count, len(steps))


def _reached(program: Program, drawn: tuple[str, ...], wanted: tuple[str, ...], name: str) -> Reached:
    roots = {program.roots[pointer] for pointer in wanted} & _varying(program, [name])
    needed = {step.number for step in _steps(program, _varying(program, drawn), roots)}
    placed = [step for step in _layout(program, drawn, wanted).placed if step.number in needed]
    rows = [step.result for step in placed if step.number in roots]
    return Reached(np.array(rows, dtype=np.int64), tuple(_parts(placed)))


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


def _placed(steps: Sequence[_Step], rows: _Rows, roots: set[int], variables: set[int]) -> Iterator[_Placed]:
    """A result has a register apart from its arguments': loops that may overlap are not made vectors. A root
    has one of its own from the beginning to the end: whatever is computed again leaves it alone."""
    for step in steps:
        arguments = tuple(rows.of(argument) for argument in step.arguments)
        result = rows.own(step.number) if step.number in roots else rows.new(step.number)
        for argument in step.last:
            if argument not in roots and argument not in variables:
                rows.release(argument)
        yield _Placed(step.number, step.operation, result, arguments)


def _parts(placed: Sequence[_Placed]) -> Iterator[_Run | _Single]:
    """The steps as instructions, in runs as long as the loops can do without NumPy."""
    run: list[list[int]] = []
    for step in placed:
        code = _CODES.get(step.operation.name)
        if code is not None:
            run.append([code, step.result, *step.arguments, *[0] * (3 - len(step.arguments))])
            continue
        if run:
            yield _Run(np.array(run, dtype=np.int64))
            run = []
        yield _Single(step.operation, step.result, step.arguments)
    if run:
        yield _Run(np.array(run, dtype=np.int64))


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
