"""The formula language, described for people who write formulas."""

from typing import Annotated

from pydantic import Field

from services.schemas.base import Document


class OperatorDescription(Document):
    """An operator; a higher `precedence` binds stronger."""

    symbol: str
    precedence: int
    meaning: str


class FunctionDescription(Document):
    """A function and how it is called."""

    name: str
    signature: str
    meaning: str
    example: str


class Language(Document):
    """Everything that a formula may hold besides numbers, names and brackets."""

    operators: Annotated[tuple[OperatorDescription, ...], Field(strict=False)]
    functions: Annotated[tuple[FunctionDescription, ...], Field(strict=False)]
