"""Proof points: what a driver has really brought, put so that it can move a library's benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.amplifier.domain.yardstick import Figure, Yardstick
from services.schemas.money import Money, rounded


class NoProof(Exception):
    """There is nothing to publish yet of this driver."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A driver's KPI as last reached in closed periods, and the value that it brought in all of them."""

    driver_key: str
    input: str
    metric: str
    measured: Decimal
    realised: Money
    periods: tuple[str, ...]


def proof(yardstick: Yardstick, driver_key: str, closed: Sequence[tuple[str, Sequence[Figure]]]) -> Proof:
    """What the closed periods, in their order, prove of a driver.

    Raises:
        NoProof: the plan does not measure the driver, or no closed period does.
    """
    kpi = next((each.kpi for each in yardstick.model.drivers if each.key == driver_key), None)
    found = [(period, figure) for period, figures in closed if (figure := _of(driver_key, figures))]
    measured = [figure.measured for _, figure in found if figure.measured is not None]
    if kpi is None or not measured:
        raise NoProof(f"No closed period measures a driver {driver_key}.")
    total = sum((figure.realised.amount for _, figure in found if figure.realised), Decimal(0))
    return Proof(
        driver_key=driver_key,
        input=kpi.input,
        metric=kpi.metric,
        measured=measured[-1],
        realised=rounded(total, yardstick.model.currency),
        periods=tuple(period for period, _ in found),
    )


def _of(driver_key: str, figures: Sequence[Figure]) -> Figure | None:
    return next((figure for figure in figures if figure.driver_key == driver_key), None)
