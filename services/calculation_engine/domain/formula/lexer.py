"""Formula text to tokens: the numbers, names and symbols of the language, each with its position."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, cast

from services.calculation_engine.domain.formula.language import BINARY, PREFIX
from services.schemas.value_model import MAX_FORMULA_LENGTH

Kind = Literal["number", "name", "symbol", "end", "stranger"]


class Token(NamedTuple):
    kind: Kind
    text: str
    position: int


class FormulaSyntaxError(Exception):
    """The text does not read at `position` (from 0); `expected` says what could stand there."""

    def __init__(self, detail: str, position: int, expected: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.position = position
        self.expected = expected


_WORDS = "|".join(sorted(symbol for symbol in {*BINARY, *PREFIX} if symbol.isalpha()))
_TOKEN = re.compile(
    r"[ \t\r\n]*(?:"
    r"(?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)"
    rf"|(?P<symbol>\*\*|//|<=|>=|==|!=|[-+*/%<>(),]|(?:{_WORDS})\b)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<end>\Z)"
    r"|(?P<stranger>.))",
    re.DOTALL,
)

A_NUMBER = "a number such as 12.5 or 1e6"
_ANYTHING = "a number, a name, an operator or a bracket"

_HINTS: dict[str, str] = {
    "^": "write ** for a power",
    "=": "write == to compare",
    "!": "write not, or != to compare",
    "&": "write and",
    "|": "write or",
    ".": "attributes are not in the language",
    '"': "strings are not in the language",
    "'": "strings are not in the language",
    "[": "subscripts are not in the language",
    "]": "subscripts are not in the language",
    ":": "assignment and lambda are not in the language",
    ";": "a formula is a single expression",
}


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a formula, then one of kind `end`.

    Raises FormulaSyntaxError for text that is too long, not ASCII, or holds what is not in the language.
    """
    _check_text(text)
    for match in _TOKEN.finditer(text):
        kind = cast(Kind, match.lastgroup)
        lexeme = match[kind]
        token = Token(kind, lexeme, match.end() - len(lexeme))
        if kind == "number":
            _check_number(token, text[match.end() : match.end() + 1])
        elif kind == "stranger":
            raise _stranger(token)
        elif lexeme == "//":
            raise FormulaSyntaxError(
                "// is not in the language: write floor(a / b)", token.position, "an operator"
            )
        yield token


def _check_text(text: str) -> None:
    if len(text) > MAX_FORMULA_LENGTH:
        raise FormulaSyntaxError(
            f"the formula has {len(text)} characters",
            MAX_FORMULA_LENGTH,
            f"at most {MAX_FORMULA_LENGTH} characters",
        )
    if not text.isascii():
        position, stranger = next((at, char) for at, char in enumerate(text) if not char.isascii())
        raise FormulaSyntaxError(
            f"U+{ord(stranger):04X} is not an ASCII character", position, "only ASCII characters"
        )


def _check_number(token: Token, following: str) -> None:
    if following in {".", "_"} or following.isalnum():
        raise FormulaSyntaxError(f"{token.text + following!r} is not a number", token.position, A_NUMBER)


def _stranger(token: Token) -> FormulaSyntaxError:
    character = token.text
    shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
    complaint = _HINTS.get(character, "this is not in the language")
    return FormulaSyntaxError(f"{shown}: {complaint}", token.position, _ANYTHING)
