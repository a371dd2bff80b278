"""The language as people read it: its operators and functions, what each means, and how many arguments it
takes.

Precedence and associativity are Python's, except that comparisons do not chain: -2 ** 2 is -4, 2 ** 3 ** 2 is
512.
"""

from dataclasses import dataclass

MAX_ARGUMENTS = 50


@dataclass(frozen=True, slots=True)
class Operator:
    """`binding` is the strength with which it holds its operands; a stronger one goes first."""

    symbol: str
    operation: str
    arity: int
    binding: int
    meaning: str
    right_to_left: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function, named like its operation. One that takes more arguments than its operation does folds them
    from left to right."""

    name: str
    least: int
    most: int
    signature: str
    meaning: str
    example: str


COMPARISON = 4
NOT = 3

BINARY: dict[str, Operator] = {
    row.symbol: row
    for row in (
        Operator("or", "or", 2, 1, "1 if either side is true; the right side does not matter if the left is"),
        Operator(
            "and", "and", 2, 2, "1 if both sides are true; the right side does not matter if the left is not"
        ),
        Operator("<", "less", 2, COMPARISON, "1 if the left side is less"),
        Operator("<=", "less_or_equal", 2, COMPARISON, "1 if the left side is less or equal"),
        Operator(">", "greater", 2, COMPARISON, "1 if the left side is greater"),
        Operator(">=", "greater_or_equal", 2, COMPARISON, "1 if the left side is greater or equal"),
        Operator("==", "equal", 2, COMPARISON, "1 if both sides are the same float64 (0.1 + 0.2 is not 0.3)"),
        Operator("!=", "not_equal", 2, COMPARISON, "1 if both sides differ"),
        Operator("+", "add", 2, 5, "sum"),
        Operator("-", "subtract", 2, 5, "difference"),
        Operator("*", "multiply", 2, 6, "product"),
        Operator("/", "divide", 2, 6, "quotient; dividing by zero is an error"),
        Operator("%", "modulo", 2, 6, "remainder with the sign of the right side: -7 % 3 is 2"),
        Operator("**", "power", 2, 8, "power; 0 ** 0 is 1", right_to_left=True),
    )
}

PREFIX: dict[str, Operator] = {
    row.symbol: row
    for row in (
        Operator("not", "not", 1, NOT, "1 if the operand is 0, else 0"),
        Operator("-", "negate", 1, 7, "negation"),
        Operator("+", "identity", 1, 7, "the operand itself"),
    )
}

FUNCTIONS: dict[str, Function] = {
    row.name: row
    for row in (
        Function(
            "if",
            3,
            3,
            "if(condition, a, b)",
            "a where the condition is true, else b; the other one does not matter",
            "if(seats == 0, 0, spend / seats)",
        ),
        Function(
            "min", 1, MAX_ARGUMENTS, "min(a, b, ...)", "the least of its arguments", "min(demand, capacity)"
        ),
        Function(
            "max",
            1,
            MAX_ARGUMENTS,
            "max(a, b, ...)",
            "the greatest of its arguments",
            "max(0, before - after)",
        ),
        Function(
            "clamp",
            3,
            3,
            "clamp(x, low, high)",
            "x, but not below low and not above high",
            "clamp(adoption, 0, 1)",
        ),
        Function("abs", 1, 1, "abs(x)", "x without its sign", "abs(before - after)"),
        Function(
            "round",
            1,
            1,
            "round(x)",
            "the nearest whole number, a half to the even one",
            "round(headcount * share)",
        ),
        Function(
            "floor", 1, 1, "floor(x)", "the greatest whole number that is not above x", "floor(hours / 8)"
        ),
        Function(
            "ceil",
            1,
            1,
            "ceil(x)",
            "the least whole number that is not below x",
            "ceil(users / users_per_server)",
        ),
        Function("sqrt", 1, 1, "sqrt(x)", "square root; x is not negative", "sqrt(variance)"),
        Function("exp", 1, 1, "exp(x)", "e to the power x", "exp(-decay * years)"),
        Function("ln", 1, 1, "ln(x)", "natural logarithm; x is positive", "ln(volume)"),
        Function("log10", 1, 1, "log10(x)", "decimal logarithm; x is positive", "log10(volume)"),
    )
}

RESERVED: frozenset[str] = frozenset({"and", "or", "not", *FUNCTIONS})
"""Names that no input and no formula can have."""
