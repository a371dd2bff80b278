"""What every published document has in common: strict types, no unknown fields, immutable."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

# JSON has no uuid, time or decimal: these alone accept the text form that strict mode would refuse.
Id = Annotated[UUID, Field(strict=False)]
Timestamp = Annotated[AwareDatetime, Field(strict=False)]
DecimalText = Annotated[Decimal, Field(strict=False, allow_inf_nan=False)]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=4000)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Document(BaseModel):
    """A strict, closed, immutable JSON document in snake_case.

    Unknown fields and silent conversions ("1" for 1, 1 for true) are refused. Times are RFC 3339 in UTC.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


__all__ = [
    "Currency",
    "DecimalText",
    "Document",
    "Finite",
    "Id",
    "Key",
    "Label",
    "Text",
    "Timestamp",
]
