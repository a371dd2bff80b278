"""What a service counts of its business: units of work count it, and it shows once they are committed."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BusinessCounter:
    """A count that the business cares about; its name ends in `_total`.

    Labels are few and closed (a channel, an outcome), never a tenant, a person or an id. `shown` are those
    whose zero shows from the start: a rate sees no count whose series begins with one.
    """

    name: str
    documentation: str
    labels: tuple[str, ...] = ()
    shown: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class BusinessGauge:
    """A number that the business cares about, as it was last measured; labels as a counter's."""

    name: str
    documentation: str
    labels: tuple[str, ...] = ()


Tally = Callable[[BusinessCounter, dict[str, str], float], None]


def uncounted(_counter: BusinessCounter, _labels: dict[str, str], _amount: float) -> None:
    """The tally where nobody reads metrics: in a command beside the platform."""
