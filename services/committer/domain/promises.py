"""From a model's figures to promised values: exact amounts, by the periods of a contract."""

from collections.abc import Sequence
from decimal import Decimal

from services.schemas.evaluation import Evaluation
from services.schemas.money import rounded
from services.schemas.periods import spread
from services.schemas.value_model import MONTHS, Direction, Driver, Kpi, PeriodLength, ValueModel


class CannotPromise(Exception):
    """A model, or what is asked of it, makes no promise; `field` names what is at fault."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


def measured_driver(model: ValueModel, key: str) -> tuple[Driver, Kpi]:
    """The model's driver of this key, with the KPI by which its value can be measured.

    Raises:
        CannotPromise: there is none, or nothing measures it.
    """
    driver = next((each for each in model.drivers if each.key == key), None)
    if driver is None:
        raise CannotPromise("driver_key", f"The model has no driver {key}.")
    if driver.kpi is None:
        raise CannotPromise("driver_key", f"The driver {key} has no KPI: nobody could measure it.")
    return driver, driver.kpi


def require_progress(direction: Direction, *, baseline: Decimal, target: Decimal) -> None:
    """Raises:
    CannotPromise: the way from baseline to target is not the KPI's direction.
    """
    if baseline == target or (target > baseline) != (direction == "increase"):
        raise CannotPromise("target", f"The KPI is to {direction}: the target {target} is no progress.")


def values_of(driver_key: str, evaluation: Evaluation) -> tuple[Decimal, ...]:
    """What a driver brings in each period of the model, risk-adjusted, each rounded to minor units."""
    line = next(line for line in evaluation.periods.drivers if line.key == driver_key)
    return tuple(rounded(value, evaluation.currency).amount for value in line.risk_adjusted[1:])


def by_contract(
    values: Sequence[Decimal], modelled: PeriodLength, wanted: PeriodLength, count: int, digits: int
) -> tuple[Decimal, ...]:
    """The values of a model's periods, as those of a contract's first `count` periods; sums are exact.

    A longer model period is spread evenly, shorter ones are added up.

    Raises:
        CannotPromise: the contract outlasts the model.
    """
    months, step = MONTHS[modelled], MONTHS[wanted]
    if count * step > len(values) * months:
        raise CannotPromise("periods", "The contract lasts longer than the model's horizon.")
    if months >= step:
        parts = [Decimal(1)] * (months // step)
        return tuple(part for value in values for part in spread(value, parts, digits))[:count]
    size = step // months
    return tuple(sum(values[at : at + size], Decimal(0)) for at in range(0, count * size, size))


def due_index(due_after_months: int, length: PeriodLength) -> int:
    """The place (from 0) of the period at whose end so many months are over."""
    return -(-due_after_months // MONTHS[length]) - 1
