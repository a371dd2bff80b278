"""Pricing terms: what a contract pays for; one document for the committer's settlement (Decimal, to the cent)
and the engine's simulation, and one table of cases that both pass (`schemas.cases.PRICING`).

Amounts are exact decimals in the contract's currency. `share` and rates are ratios: 0.2 is 20 %. Where a term
rounds, and in which order it rounds, floors and caps, are fields of the term.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.schemas.base import DecimalText, Document, Key, Label

Rounding = Literal["half_even", "half_up", "down"]
Amount = Annotated[DecimalText, Field(ge=0, max_digits=20)]
Ratio = Annotated[DecimalText, Field(ge=0, le=1, max_digits=12)]
DEFAULT_ORDER: tuple[Literal["round", "floor", "cap"], ...] = ("round", "floor", "cap")


class Subscription(Document):
    """A fixed amount for each period, billed in advance: a period's line stands in the settlement of the one
    before, the first period's in a settlement of its own, when the contract comes into force."""

    kind: Literal["subscription"]
    key: Key
    label: Label
    amount_per_period: Amount


class MilestonePayment(Document):
    """A fixed amount, due when the customer accepts a milestone: in the quarter of that local day."""

    kind: Literal["milestone"]
    key: Key
    label: Label
    milestone: Key
    amount: Amount
    due: date = Field(strict=False)


class MarginalTier(Document):
    """The rate for the part of the gain up to `up_to` (null: without end) above the tier before."""

    up_to: Amount | None
    rate: Ratio


class WholeTier(Document):
    """The rate for the whole gain once it is at least `from_gain`."""

    from_gain: Amount
    rate: Ratio


class EarnBack(Document):
    """What a holdback is released for: a cumulative gain, as last restated, of at least `at_least` times
    `committed_gain`. Otherwise it is forfeited."""

    committed_gain: Amount
    at_least: Ratio


class GainShare(Document):
    """A share of the gain over the commitments' baselines.

    Exactly one of `share`, `marginal_tiers` (on the cumulative gain, a ratchet) and `whole_tiers` sets the
    fee. A negative gain costs nothing, whatever the floor, and claws nothing back: the ratchet goes on where
    the cumulative gain is higher than it ever was. Marginal tiers round the cumulative fee, and a period's is
    the difference. `holdback` is the part of each fee, rounded, that is withheld and released with the last
    period's settlement, under the condition of `earn_back` if there is one. A restatement is a true-up line
    in the next settlement: the fee on the restated gain less the fee as issued.
    """

    kind: Literal["gain_share"]
    key: Key
    label: Label
    commitments: Annotated[tuple[Key, ...], Field(strict=False, min_length=1, max_length=200)]
    share: Ratio | None = None
    marginal_tiers: Annotated[tuple[MarginalTier, ...], Field(strict=False, max_length=20)] = ()
    whole_tiers: Annotated[tuple[WholeTier, ...], Field(strict=False, max_length=20)] = ()
    floor_per_period: Amount | None = None
    cap_per_period: Amount | None = None
    holdback: Ratio | None = None
    earn_back: EarnBack | None = None
    rounding: Rounding = "half_even"
    order: Annotated[
        tuple[Literal["round", "floor", "cap"], ...], Field(strict=False, min_length=3, max_length=3)
    ] = DEFAULT_ORDER

    @model_validator(mode="after")
    def _one_fee(self) -> "GainShare":
        given = [self.share is not None, bool(self.marginal_tiers), bool(self.whole_tiers)]
        if sum(given) != 1:
            raise PydanticCustomError("one_of", "give exactly one of share, marginal_tiers and whole_tiers")
        if sorted(self.order) != sorted(DEFAULT_ORDER):
            raise PydanticCustomError("order", "order names round, floor and cap, once each")
        return self


Term = Annotated[Subscription | MilestonePayment | GainShare, Field(discriminator="kind")]
