"""How drivers are put before the engine to learn what each is worth a year at full effect."""

from collections.abc import Iterable, Iterator, Sequence

from services.architect.domain.accounts import AccountFacts
from services.architect.domain.composition import Plan, compose
from services.architect.domain.templates import DriverTemplate
from services.schemas.evaluation import Evaluation
from services.schemas.problem import FieldError
from services.schemas.value_model import Horizon, ValueModel

_MOST_INPUTS = 200  # a value model's own bound
_ONE_YEAR = Horizon(periods=1, period_length="year")


def batches(drivers: Iterable[DriverTemplate]) -> Iterator[list[DriverTemplate]]:
    """The drivers in groups that each fit into one value model."""
    batch: list[DriverTemplate] = []
    inputs = 0
    for driver in drivers:
        if inputs + len(driver.inputs) > _MOST_INPUTS:
            yield batch
            batch, inputs = [], 0
        batch.append(driver)
        inputs += len(driver.inputs)
    if batch:
        yield batch


def one_year(drivers: Sequence[DriverTemplate], facts: AccountFacts, currency: str) -> ValueModel:
    """A model of these drivers over one year; their annual amounts do not depend on it."""
    return compose(drivers, facts, Plan(currency=currency, horizon=_ONE_YEAR, discount_rate=0.0))


def annual_values(drivers: Sequence[DriverTemplate], evaluation: Evaluation) -> dict[str, float]:
    """Each driver's amount a year at full effect, after capture and risk adjustment."""
    amounts = {line.key: line.annual_amount for line in evaluation.drivers}
    return {
        each.key: amounts[each.key] * each.capture * (1 - each.risk_adjustment)
        for each in drivers
        if each.key in amounts
    }


def without_culprits(drivers: Sequence[DriverTemplate], errors: Iterable[FieldError]) -> list[DriverTemplate]:
    """The drivers at which no error points; none at all if an error points elsewhere."""
    culprits: set[int] = set()
    for error in errors:
        collection, _, rest = error.pointer.removeprefix("/").partition("/")
        place = rest.partition("/")[0]
        if collection != "drivers" or not place.isdigit():
            return []
        culprits.add(int(place))
    return [driver for place, driver in enumerate(drivers) if place not in culprits]
