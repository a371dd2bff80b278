"""What a driver of the library says, before any account: the product's own and a tenant's alike."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import Document, Finite, Key, Label
from services.schemas.value_model import Citation, Evidence, Formula, Kpi, Realisation, Unit

Fact = Literal["employees", "annual_revenue"]
"""What is known of an account's size: people, and its currency a year."""

ANY_INDUSTRY = "any"

Summary = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Tags = Annotated[tuple[Key, ...], Field(strict=False, max_length=20)]


# Times any company's size it stays a number.
Amount = Annotated[Finite, Field(ge=-1e15, le=1e15)]


class TemplateInput(Document):
    """A number that the formula uses by its name, before the customer has stated their own.

    With `scaled_by`, low, base and high are for one employee, or for one unit of currency of annual revenue,
    and an account's size multiplies them.
    """

    label: Label
    unit: Unit
    low: Amount
    base: Amount
    high: Amount
    scaled_by: Fact | None = None
    evidence: Evidence
    citation: Citation | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not (self.low <= self.base <= self.high and self.low < self.high):
            raise PydanticCustomError("bounds", "low <= base <= high and low < high are expected")
        return self

    @model_validator(mode="after")
    def _benchmark_is_cited(self) -> Self:
        if self.evidence == "benchmark" and self.citation is None:
            raise PydanticCustomError("citation", "a benchmark needs its citation")
        return self


class Ramp(Document):
    """The share of the full amount rises in a straight line from 0 to 1 between these months."""

    starts_after_months: int = Field(default=0, ge=0, le=120)
    full_after_months: int = Field(default=0, ge=0, le=120)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.full_after_months < self.starts_after_months:
            raise PydanticCustomError("bounds", "full_after_months is not before starts_after_months")
        return self


class DriverTemplate(Document):
    """One way in which value arises: whom it suits, what it takes to compute it, how it is measured later.

    `formula` gives an annual amount at full effect, in the calculation engine's language over the names of
    `inputs`. `suits` holds the sizes from which on the driver is worth a company's while. `kpi.input` is the
    input whose expected value stands there now and whose measured value replaces it later.
    """

    key: Key
    title: Label
    summary: Summary
    industries: Annotated[tuple[Key, ...], Field(strict=False, min_length=1, max_length=20)]
    personas: Tags = ()
    pains: Tags = ()
    category: Label
    realisation: Realisation
    capture: Annotated[Finite, Field(ge=0, le=1)] = 1.0
    risk_adjustment: Annotated[Finite, Field(ge=0, lt=1)] = 0.0
    ramp: Ramp = Ramp()
    suits: dict[Fact, Annotated[Finite, Field(gt=0)]] = Field(default_factory=dict)
    inputs: Annotated[dict[Key, TemplateInput], Field(min_length=1, max_length=50)]
    kpi: Kpi
    formula: Formula

    @model_validator(mode="after")
    def _capture_is_for_capacity(self) -> Self:
        if self.realisation != "capacity" and self.capture != 1:
            raise PydanticCustomError("capture", "capture is 1 unless realisation is capacity")
        return self

    @model_validator(mode="after")
    def _kpi_is_an_input(self) -> Self:
        if self.kpi.input not in self.inputs:
            raise PydanticCustomError("kpi", "kpi.input is not the name of an input")
        return self

    @field_validator("industries", "personas", "pains")
    @classmethod
    def _no_tag_twice(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(tags)) != len(tags):
            raise PydanticCustomError("tags", "a tag is named twice")
        return tags

    def serves(self, industry: str) -> bool:
        """Whether the driver is meant for an industry."""
        return industry in self.industries or ANY_INDUSTRY in self.industries
