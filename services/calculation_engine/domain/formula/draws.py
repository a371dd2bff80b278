"""Formulas over many draws at once: the part of a program that varies, as a list of NumPy steps."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.calculation_engine.domain.formula.graph import Call, Variable
from services.calculation_engine.domain.formula.operations import Draws, Operation
from services.calculation_engine.domain.formula.program import Program


@dataclass(frozen=True, slots=True)
class _Step:
    """Computes one node; `last` are the nodes that nobody reads any more afterwards."""

    number: int
    operation: Operation
    arguments: tuple[int, ...]
    last: tuple[int, ...]


class DrawsProgram:
    """The formulas `wanted` (by pointer) of a program, some of whose variables are drawn and the rest given.

    What does not depend on a drawn variable is computed once. Memory is bounded by the arrays in use.
    """

    def __init__(
        self, program: Program, point: Mapping[str, float], drawn: Collection[str], wanted: Sequence[str]
    ) -> None:
        self._wanted = {pointer: program.roots[pointer] for pointer in wanted}
        # At a point where the drawn variables are NaN, every node that depends on them varies.
        self._constant = program.at_point({**point, **dict.fromkeys(drawn, math.nan)})
        self._varying = _varying(program, drawn)
        self._inputs = {
            node.name: number
            for number, node in enumerate(program.nodes)
            if isinstance(node, Variable) and node.name in drawn
        }
        self._steps = _steps(program, self._varying, set(self._wanted.values()))

    @property
    def size(self) -> int:
        """How many operations a draw takes."""
        return len(self._steps)

    def run(self, columns: Mapping[str, Draws], size: int) -> dict[str, Draws]:
        """The wanted formulas' values for `size` draws of the drawn variables; NaN where a draw has none."""
        arrays: dict[int, Draws] = {number: columns[name] for name, number in self._inputs.items()}
        with np.errstate(all="ignore"):
            for step in self._steps:
                arguments = [arrays.get(number, self._constant[number]) for number in step.arguments]
                arrays[step.number] = step.operation.on_draws(*arguments)
                for number in step.last:
                    del arrays[number]
        return {
            pointer: arrays[number] if number in self._varying else np.full(size, self._constant[number])
            for pointer, number in self._wanted.items()
        }


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
