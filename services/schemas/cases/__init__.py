"""Tables of cases: what is given, and what comes out, of what more than one service computes.

The executor schedules networks and the committer settles by pricing terms; the engine does the same in its
simulations. Whoever computes either one runs its whole table in the tests: settlements to the cent, schedules
to 1e-9.
"""

from decimal import Decimal
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from services.schemas.base import Currency, DecimalText, Document, Key
from services.schemas.network import Network, Schedule
from services.schemas.terms import Term


class NetworkCase(Document):
    """A network and its schedule; `source` says where the figures come from."""

    id: str
    source: str
    network: Network
    schedule: Schedule


class SettledLine(Document):
    """A line of a settlement: what a term charges, withholds or releases for a period (from 0)."""

    term: Key
    part: Literal["charge", "holdback", "release"]
    period: int
    is_correction: bool
    amount: DecimalText


class SettledStep(Document):
    """What is known when a settlement is issued, and the lines that it has, in their order.

    It closes the period `closing`, or opens the contract where that is -1. `gains` are those of all closed
    periods as known by then, by gain-share term; `restated` are the periods that changed since the settlement
    before; `accepted` is the period in which each accepted milestone fell.
    """

    closing: int
    gains: dict[Key, Annotated[tuple[DecimalText, ...], Field(strict=False)]]
    restated: Annotated[tuple[int, ...], Field(strict=False)] = ()
    accepted: dict[Key, int] = Field(default_factory=dict)
    lines: Annotated[tuple[SettledLine, ...], Field(strict=False)]
    net: DecimalText


class PricingCase(Document):
    """Terms of a contract of so many `periods`, and its settlements in their order; `total` is their sum."""

    id: str
    source: str
    currency: Currency
    periods: int
    terms: Annotated[tuple[Term, ...], Field(strict=False)]
    steps: Annotated[tuple[SettledStep, ...], Field(strict=False)]
    total: DecimalText

    def due(self, term: str, part: str, period: int) -> Decimal:
        """What all settlements together say of one part of a term in one period: what it is worth by all that
        is known in the end."""
        lines = (line for step in self.steps for line in step.lines)
        asked = (term, part, period)
        return sum(
            (each.amount for each in lines if (each.term, each.part, each.period) == asked), Decimal(0)
        )


def _read(name: str) -> bytes:
    return resources.files(__name__).joinpath(name).read_bytes()


# Read when the module is, not in an event loop.
NETWORKS = TypeAdapter(tuple[NetworkCase, ...]).validate_json(_read("networks.json"))
PRICING = TypeAdapter(tuple[PricingCase, ...]).validate_json(_read("pricing.json"))
