"""One graph for all formulas of a model: equal expressions become one node, constants are folded.

Nodes are numbered so that arguments come before what uses them: computing a graph is one walk over a list.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.calculation_engine.domain.formula.operations import OPERATIONS, Operation
from services.calculation_engine.domain.formula.parser import Instruction, Name, Number


class Constant(NamedTuple):
    value: float


class Variable(NamedTuple):
    name: str


class Call(NamedTuple):
    operation: str
    arguments: tuple[int, ...]

    @property
    def definition(self) -> Operation:
        return OPERATIONS[self.operation]


Node = Constant | Variable | Call


class Graph:
    """A growing graph; `nodes[i]` refers to nodes before i only."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._numbers: dict[Node, int] = {}
        self._constants: dict[int, float] = {}

    def variable(self, name: str) -> int:
        return self._intern(Variable(name))

    def add(
        self, instructions: Sequence[Instruction], names: Mapping[str, int]
    ) -> tuple[int, dict[int, int]]:
        """Adds a formula whose names stand for the given nodes.

        Returns its node, and the position in its text of each operation that it consists of.
        """
        stack: list[int] = []
        positions: dict[int, int] = {}
        for instruction in instructions:
            if isinstance(instruction, Number):
                stack.append(self._constant(instruction.value))
            elif isinstance(instruction, Name):
                stack.append(names[instruction.name])
            else:
                arguments = tuple(stack[-instruction.arity :])
                del stack[-instruction.arity :]
                node = self._apply(instruction.operation, arguments)
                positions.setdefault(node, instruction.position)
                stack.append(node)
        return stack.pop(), positions

    def _apply(self, operation: str, arguments: tuple[int, ...]) -> int:
        if all(map(self._constants.__contains__, arguments)):
            value = OPERATIONS[operation].at_point(*map(self._constants.__getitem__, arguments))
            if not math.isnan(value):
                return self._constant(value)
        return self._intern(Call(operation, arguments))

    def _constant(self, value: float) -> int:
        number = self._intern(Constant(value))
        self._constants[number] = value
        return number

    def _intern(self, node: Node) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = len(self.nodes)
            self.nodes.append(node)
        return number
