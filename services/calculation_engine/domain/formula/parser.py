"""Formula text to instructions in reverse Polish order, by Dijkstra's shunting yard.

There is no recursion, so no text can exhaust a stack, and Python's own parser never sees the text. The result
is flat and immutable, and remembered by its text.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from services.calculation_engine.domain.formula.language import (
    BINARY,
    COMPARISON,
    FUNCTIONS,
    PREFIX,
    Function,
    Operator,
)
from services.calculation_engine.domain.formula.lexer import A_NUMBER, FormulaSyntaxError, Token, tokens

MAX_DEPTH = 50

_OPERAND = "a number, a name or an opening bracket"


class Number(NamedTuple):
    value: float
    position: int


class Name(NamedTuple):
    name: str
    position: int


class Apply(NamedTuple):
    """An operation on the topmost `arity` values."""

    operation: str
    arity: int
    position: int


Instruction = Number | Name | Apply


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Instruction, ...]:
    """The instructions of a formula; FormulaSyntaxError if it does not read."""
    return _Yard().read(text)


@dataclass(slots=True)
class _Waiting:
    """An operator whose right operand is still being read."""

    operator: Operator
    position: int


@dataclass(slots=True)
class _Bracket:
    """An opening bracket, of a call if `function` is set."""

    position: int
    function: Function | None = None
    arguments: int = 0


class _Yard:
    def __init__(self) -> None:
        self._output: list[Instruction] = []
        self._stack: list[_Waiting | _Bracket] = []
        self._depth = 0

    def read(self, text: str) -> tuple[Instruction, ...]:
        stream = tokens(text)
        while self._operand(stream):
            pass
        return tuple(self._output)

    def _operand(self, stream: Iterator[Token]) -> bool:
        """Reads one operand and what follows it up to the next operand; False at the end of the text."""
        token = next(stream)
        if token.kind == "number":
            self._output.append(_number(token))
        elif token.kind == "name":
            return self._name(token, stream)
        elif token.text == "(":
            self._open(_Bracket(token.position))
            return True
        elif token.text in PREFIX:
            self._prefix(token)
            return True
        elif token.text == ")" and self._closes_empty_call():
            self._close(token, arguments=0)
        else:
            raise _unexpected(token, _OPERAND)
        return self._operator(next(stream), stream)

    def _name(self, token: Token, stream: Iterator[Token]) -> bool:
        following = next(stream)
        function = FUNCTIONS.get(token.text)
        if following.text == "(":
            if function is None:
                raise _no_such_function(token)
            self._open(_Bracket(token.position, function))
            return True
        if function is not None:
            raise FormulaSyntaxError(
                f"{token.text} is a function: write {function.signature}", token.position, function.signature
            )
        self._output.append(Name(token.text, token.position))
        return self._operator(following, stream)

    def _operator(self, token: Token, stream: Iterator[Token]) -> bool:
        """After an operand: any closing brackets, then an operator, a comma, or the end (False)."""
        while token.text == ")":
            self._close(token)
            token = next(stream)
        if token.kind == "end":
            self._finish()
            return False
        if token.text == ",":
            self._comma(token)
        elif token.text in BINARY:
            self._binary(token)
        elif token.text == "(":
            raise FormulaSyntaxError("only listed functions can be called", token.position, "an operator")
        else:
            raise _unexpected(token, "an operator")
        return True

    def _prefix(self, token: Token) -> None:
        operator = PREFIX[token.text]
        top = self._stack[-1] if self._stack else None
        if isinstance(top, _Waiting) and top.operator.binding > operator.binding and operator.symbol == "not":
            raise FormulaSyntaxError(
                f"not binds weaker than the {top.operator.symbol} before it",
                token.position,
                "(not ...) in brackets",
            )
        self._stack.append(_Waiting(operator, token.position))

    def _binary(self, token: Token) -> None:
        operator = BINARY[token.text]
        while self._stack and isinstance(top := self._stack[-1], _Waiting):
            if top.operator.binding == operator.binding == COMPARISON:
                raise FormulaSyntaxError("comparisons do not chain", token.position, "a < b and b < c")
            stronger = top.operator.binding > operator.binding
            if not stronger and (top.operator.binding < operator.binding or operator.right_to_left):
                break
            self._emit_top()
        self._stack.append(_Waiting(operator, token.position))

    def _open(self, bracket: _Bracket) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FormulaSyntaxError(
                "the brackets are nested too deeply", bracket.position, f"at most {MAX_DEPTH} open brackets"
            )
        self._stack.append(bracket)

    def _comma(self, token: Token) -> None:
        bracket = self._emit_to_bracket()
        if bracket is None or bracket.function is None:
            raise _unexpected(token, "an operator (a comma separates the arguments of a function)")
        bracket.arguments += 1

    def _close(self, token: Token, arguments: int = 1) -> None:
        bracket = self._emit_to_bracket()
        if bracket is None:
            raise FormulaSyntaxError(
                "this bracket was never opened", token.position, "an operator or the end"
            )
        self._stack.pop()
        self._depth -= 1
        if bracket.function is not None:
            self._call(bracket.function, bracket.arguments + arguments, bracket.position)

    def _closes_empty_call(self) -> bool:
        top = self._stack[-1] if self._stack else None
        return isinstance(top, _Bracket) and top.function is not None and top.arguments == 0

    def _call(self, function: Function, arguments: int, position: int) -> None:
        if not function.least <= arguments <= function.most:
            raise FormulaSyntaxError(
                f"{function.name} does not take {arguments} argument{'s' * (arguments != 1)}",
                position,
                function.signature,
            )
        if function.least == function.most:
            self._output.append(Apply(function.name, arguments, position))
            return
        for _ in range(arguments - 1):
            self._output.append(Apply(function.name, 2, position))

    def _finish(self) -> None:
        bracket = self._emit_to_bracket()
        if bracket is not None:
            raise FormulaSyntaxError("this bracket is never closed", bracket.position, "a closing bracket")

    def _emit_to_bracket(self) -> _Bracket | None:
        """Emits the waiting operators down to the innermost open bracket, which is returned."""
        while self._stack:
            top = self._stack[-1]
            if isinstance(top, _Bracket):
                return top
            self._emit_top()
        return None

    def _emit_top(self) -> None:
        waiting = self._stack.pop()
        assert isinstance(waiting, _Waiting)  # noqa: S101
        operator = waiting.operator
        if operator.operation != "identity":
            self._output.append(Apply(operator.operation, operator.arity, waiting.position))


def _number(token: Token) -> Number:
    try:
        value = float(token.text)
    except ValueError:
        raise FormulaSyntaxError(f"{token.text!r} is not a number", token.position, A_NUMBER) from None
    if math.isinf(value):
        raise FormulaSyntaxError("the number is too large", token.position, "a number below 1.8e308")
    return Number(value, token.position)


def _unexpected(token: Token, expected: str) -> FormulaSyntaxError:
    if token.kind == "end":
        return FormulaSyntaxError("the formula ends too early", token.position, expected)
    hint = ": write if(condition, a, b)" if token.text in {"if", "else"} else ""
    return FormulaSyntaxError(f"{token.text!r} cannot stand here{hint}", token.position, expected)


def _no_such_function(token: Token) -> FormulaSyntaxError:
    near = get_close_matches(token.text, FUNCTIONS, n=1)
    hint = f"; is {near[0]} meant?" if near else ""
    return FormulaSyntaxError(
        f"there is no function {token.text!r}{hint}", token.position, "one of " + ", ".join(sorted(FUNCTIONS))
    )
