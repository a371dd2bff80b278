"""All formulas of a model, checked and compiled together: order found, names resolved, cycles refused."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, reduce
from itertools import islice
from operator import itemgetter, or_

from services.calculation_engine.domain.errors import Fault, InvalidFormula
from services.calculation_engine.domain.formula.graph import Call, Constant, Graph, Node, Variable
from services.calculation_engine.domain.formula.lexer import FormulaSyntaxError
from services.calculation_engine.domain.formula.operations import Operation
from services.calculation_engine.domain.formula.parser import Instruction, Name, parse

MAX_TOTAL_LENGTH = 200_000
"""All formulas of a model together have at most so many characters: what they cost to check and compute is
bounded."""

_HINTS = 3
_LONGEST_HINT = 32
"""Of so many unknown names of at most so many letters the nearest known ones are looked for."""


@dataclass(frozen=True, slots=True)
class Source:
    """A formula as it stands in the request: by what name people know it, and where it is."""

    name: str
    pointer: str
    text: str


@dataclass(frozen=True, eq=False)
class Program:
    """Compiled formulas, themselves alone. `roots` gives each formula's node by its pointer."""

    nodes: Sequence[Node]
    roots: Mapping[str, int]
    sources: Mapping[str, Source]
    _positions: Mapping[str, Mapping[int, int]]

    def at_point(self, point: Mapping[str, float], but: Collection[int] = frozenset()) -> list[float]:
        """Every node's value for one assignment of the variables; NaN where there is none, and of the calls
        that nobody asks for, `but`."""
        values = self._constants.copy()
        for number, node in self._variables:
            values[number] = point[node.name]
        if not but and self._all_finite(values):
            return values
        for number, operation, arguments in self._calls:
            if number not in but:
                values[number] = operation.at_point(*arguments(values))
        return values

    def _all_finite(self, values: list[float]) -> bool:
        """Computes every call without a look at what it gives. Whether all are finite: then none failed."""
        try:
            for number, operation, arguments in self._calls:
                values[number] = operation.scalar(*arguments(values))
        except (ArithmeticError, ValueError):
            return False
        return math.isfinite(sum(values))

    def variables_of(self, pointer: str) -> frozenset[str]:
        """The variables that a formula reads, directly or through others."""
        reads = self._reads[self.roots[pointer]]
        return frozenset(node.name for place, (_, node) in enumerate(self._variables) if reads >> place & 1)

    def blame(self, pointer: str, values: Sequence[float]) -> Fault:
        """Why a formula has no value at the point that gave `values`: the operation where it went wrong."""
        culprit = self._culprit(self.roots[pointer], values)
        home, position = self._home(culprit, pointer)
        node = self.nodes[culprit]
        assert isinstance(node, Call)  # noqa: S101
        objection = node.definition.objection(*(values[number] for number in node.arguments))
        where = "" if home.pointer == pointer else f" in {home.name}"
        return Fault(
            pointer=home.pointer,
            detail=f"{self.sources[pointer].name} has no value: {objection.complaint}{where}",
            formula=home.name,
            position=position,
            expected=objection.expected,
        )

    @cached_property
    def _constants(self) -> list[float]:
        """The constants in the places of their nodes."""
        return [node.value if isinstance(node, Constant) else math.nan for node in self.nodes]

    @cached_property
    def _variables(self) -> list[tuple[int, Variable]]:
        return [(number, node) for number, node in enumerate(self.nodes) if isinstance(node, Variable)]

    @cached_property
    def _calls(self) -> list[tuple[int, Operation, Callable[[list[float]], Sequence[float]]]]:
        """In their order: the node, what it does, and how its arguments are taken from all values."""
        return [
            (number, node.definition, _taking(node.arguments))
            for number, node in enumerate(self.nodes)
            if isinstance(node, Call)
        ]

    @cached_property
    def _reads(self) -> list[int]:
        """What each node reads, by a bit a variable: sets would grow with the square of a long sum."""
        bits = {number: 1 << place for place, (number, _) in enumerate(self._variables)}
        reads: list[int] = []
        for number, node in enumerate(self.nodes):
            arguments = node.arguments if isinstance(node, Call) else ()
            reads.append(reduce(or_, map(reads.__getitem__, arguments), bits.get(number, 0)))
        return reads

    def _culprit(self, number: int, values: Sequence[float]) -> int:
        """The deepest node without a value among those that the given one needed."""
        node = self.nodes[number]
        while isinstance(node, Call):
            needed = node.arguments
            if node.operation == "if" and not math.isnan(values[needed[0]]):
                needed = needed[1:2] if values[needed[0]] else needed[2:]
            failed = next((argument for argument in needed if math.isnan(values[argument])), None)
            if failed is None:
                return number
            number, node = failed, self.nodes[failed]
        return number

    def _home(self, number: int, pointer: str) -> tuple[Source, int]:
        """The formula whose text holds a node, the given one first, and the position there."""
        for candidate in (pointer, *self._positions):
            position = self._positions[candidate].get(number)
            if position is not None:
                return self.sources[candidate], position
        raise LookupError(number)


def _taking(arguments: tuple[int, ...]) -> Callable[[list[float]], Sequence[float]]:
    # Of a single place itemgetter would take the bare value.
    first = arguments[0]
    return itemgetter(*arguments) if len(arguments) > 1 else itemgetter(slice(first, first + 1))


def compile_formulas(
    named: Mapping[str, Source], unnamed: Iterable[Source], variables: Collection[str]
) -> Program:
    """Compiles named formulas, which any formula may use, and unnamed ones, which nobody can.

    Raises InvalidFormula with a fault for every formula that does not read, uses a name that does not exist,
    or is part of a cycle, and if all together are too long.
    """
    sources = {source.pointer: source for source in (*named.values(), *unnamed)}
    _check_length(sources.values())
    parsed = _parse_all(sources.values())
    _check_names(parsed, sources, {*named, *variables})
    graph = Graph()
    names = {name: graph.variable(name) for name in variables}
    roots: dict[str, int] = {}
    positions: dict[str, dict[int, int]] = {}
    for pointer in _in_order(named, parsed):
        roots[pointer], positions[pointer] = graph.add(parsed[pointer], names)
        source = sources[pointer]
        if named.get(source.name) is source:
            names[source.name] = roots[pointer]
    return Program(graph.nodes, roots, sources, positions)


def _check_length(sources: Iterable[Source]) -> None:
    length = 0
    for source in sources:
        length += len(source.text)
        if length > MAX_TOTAL_LENGTH:
            expected = f"at most {MAX_TOTAL_LENGTH} characters in all formulas together"
            raise InvalidFormula([_fault(source, "the formulas are too long together", 0, expected)])


def _parse_all(sources: Iterable[Source]) -> dict[str, tuple[Instruction, ...]]:
    parsed: dict[str, tuple[Instruction, ...]] = {}
    faults: list[Fault] = []
    for source in sources:
        try:
            parsed[source.pointer] = parse(source.text)
        except FormulaSyntaxError as error:
            faults.append(_fault(source, error.detail, error.position, error.expected))
    if faults:
        raise InvalidFormula(faults)
    return parsed


def _check_names(
    parsed: Mapping[str, Sequence[Instruction]], sources: Mapping[str, Source], known: Collection[str]
) -> None:
    unknown = [
        (sources[pointer], instruction)
        for pointer, instructions in parsed.items()
        for instruction in instructions
        if isinstance(instruction, Name) and instruction.name not in known
    ]
    if unknown:
        hints = _hints(dict.fromkeys(instruction.name for _, instruction in unknown), known)
        raise InvalidFormula([_unknown(*each, hints) for each in unknown])


def _hints(unknown: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """The nearest known names: to look for them takes by far the longest of all checks."""
    candidates = [name for name in known if len(name) <= _LONGEST_HINT]
    short = (name for name in unknown if len(name) <= _LONGEST_HINT)
    near = {name: get_close_matches(name, candidates, n=1) for name in islice(short, _HINTS)}
    return {name: found[0] for name, found in near.items() if found}


def _unknown(source: Source, instruction: Name, hints: Mapping[str, str]) -> Fault:
    name = instruction.name
    hint = f"; is {hints[name]} meant?" if name in hints else ""
    return _fault(
        source,
        f"there is no input or formula {name!r}{hint}",
        instruction.position,
        "the name of an input or of a formula",
    )


def _in_order(named: Mapping[str, Source], parsed: Mapping[str, Sequence[Instruction]]) -> list[str]:
    """The formulas' pointers, each after those that it uses (depth first, with a stack of our own)."""
    by_name = {name: source.pointer for name, source in named.items()}
    uses = {
        pointer: [by_name[step.name] for step in steps if isinstance(step, Name) and step.name in by_name]
        for pointer, steps in parsed.items()
    }
    ordered: dict[str, None] = {}
    for start in parsed:
        path: dict[str, Iterable[str]] = {start: iter(uses[start])} if start not in ordered else {}
        while path:
            pointer, remaining = next(reversed(path.items()))
            following = next((used for used in remaining if used not in ordered), None)
            if following is None:
                path.popitem()
                ordered[pointer] = None
            elif following in path:
                raise InvalidFormula([_cycle(list(path), following, named)])
            else:
                path[following] = iter(uses[following])
    return list(ordered)


def _cycle(path: list[str], back: str, named: Mapping[str, Source]) -> Fault:
    by_pointer = {source.pointer: source for source in named.values()}
    loop = [by_pointer[pointer].name for pointer in path[path.index(back) :]]
    source = by_pointer[back]
    return _fault(source, "the formula uses itself: " + " -> ".join([*loop, loop[0]]), 0, "no cycle")


def _fault(source: Source, detail: str, position: int, expected: str) -> Fault:
    return Fault(source.pointer, detail, formula=source.name, position=position, expected=expected)
