"""Commitments: what a vendor promises of one driver, and how it is measured."""

from typing import Annotated, Literal

from pydantic import Field

from services.schemas.base import DecimalText, Document, Id, Key, Label, Text


class Commitment(Document):
    """A promise about one driver of an approved model.

    `baseline` is the KPI before, `target` the one promised, both in the KPI's unit; `tolerance` is the share
    of the way from baseline to target that may be missed without missing the commitment. `committed` is the
    value promised for each period of the contract, exact amounts in its currency, in the periods' order.
    """

    id: Id
    key: Key
    label: Label
    driver_key: Key
    metric: Key
    unit: str
    direction: Literal["increase", "decrease"]
    baseline: DecimalText
    target: DecimalText
    tolerance: Annotated[DecimalText, Field(ge=0, le=1)]
    due_period: str = Field(description="The key of the period in which the target is to be reached.")
    measured_by: Text
    committed: Annotated[tuple[DecimalText, ...], Field(strict=False, min_length=1)]
