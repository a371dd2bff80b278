"""How a value model is put together from an account's accepted drivers.

An input that the KPI will measure later is what the promise rests on: it becomes uncertain, PERT between the
template's low and high with its base as the mode and as the single figure of a deterministic run. Every other
input is taken at its base, with its range beside it, until the customer states their own.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count

from services.architect.domain.accounts import AccountFacts, sized
from services.architect.domain.templates import DriverTemplate, Ramp, TemplateInput
from services.schemas.distributions import Pert
from services.schemas.value_model import Cost, Driver, Horizon, Input, Kpi, ValueModel

_NAME = re.compile(r"\b[a-z][a-z0-9_]*\b")
_LONGEST_NAME = 64
_PROFILE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """What a model needs beyond its drivers: the currency, how far it looks, and what the customer pays."""

    currency: str
    horizon: Horizon
    discount_rate: float
    costs: tuple[Cost, ...] = ()
    description: str = ""


def compose(drivers: Sequence[DriverTemplate], facts: AccountFacts, plan: Plan) -> ValueModel:
    """The value model of these drivers at the account's size; they share what they define alike.

    Raises:
        ValueError: together they are more than a value model can hold.
    """
    templates: dict[str, TemplateInput] = {}
    measured: set[str] = set()
    lines: list[Driver] = []
    for driver in drivers:
        names = _names_in_model(driver, templates)
        templates.update({names[name]: template for name, template in driver.inputs.items()})
        measured.add(names[driver.kpi.input])
        lines.append(_line(driver, names, plan.horizon))
    return ValueModel(
        currency=plan.currency,
        horizon=plan.horizon,
        discount_rate=plan.discount_rate,
        description=plan.description,
        inputs={
            name: _input(template, facts, is_measured=name in measured)
            for name, template in templates.items()
        },
        drivers=tuple(lines),
        costs=plan.costs,
    )


def profile(ramp: Ramp, horizon: Horizon) -> tuple[float, ...]:
    """The ramp by the model's periods, to the first at full effect: the mean over each period's months, each
    month counting with the share at its middle."""
    months = horizon.months_per_period
    shares: list[float] = []
    for period in range(horizon.periods):
        first = period * months
        mean = sum(_share(ramp, first + month + 0.5) for month in range(months)) / months
        shares.append(round(mean, _PROFILE_DIGITS))
        if shares[-1] >= 1:
            break
    return tuple(shares)


def _share(ramp: Ramp, month: float) -> float:
    if month >= ramp.full_after_months:
        return 1.0
    if month <= ramp.starts_after_months:
        return 0.0
    return (month - ramp.starts_after_months) / (ramp.full_after_months - ramp.starts_after_months)


def _names_in_model(driver: DriverTemplate, taken: Mapping[str, TemplateInput]) -> dict[str, str]:
    """Each input's name in the model: its own, unless another driver means something else by it."""
    names: dict[str, str] = {}
    for name, template in driver.inputs.items():
        shared = taken.get(name, template) == template
        names[name] = name if shared else _free_name(driver, name, {*taken, *driver.inputs, *names.values()})
    return names


def _free_name(driver: DriverTemplate, name: str, taken: Set[str]) -> str:
    for number in count(1):
        suffix = f"_{number}" if number > 1 else ""
        wanted = f"{driver.key}_{name}"[: _LONGEST_NAME - len(suffix)] + suffix
        if wanted not in taken:
            return wanted
    raise AssertionError("the numbers do not end")


def _line(driver: DriverTemplate, names: dict[str, str], horizon: Horizon) -> Driver:
    return Driver(
        key=driver.key,
        label=driver.title,
        category=driver.category,
        realisation=driver.realisation,
        formula=_NAME.sub(lambda found: names.get(found[0], found[0]), driver.formula),
        capture=driver.capture,
        profile=profile(driver.ramp, horizon),
        risk_adjustment=driver.risk_adjustment,
        kpi=Kpi(
            input=names[driver.kpi.input],
            metric=driver.kpi.metric,
            unit=driver.kpi.unit,
            direction=driver.kpi.direction,
            aggregation=driver.kpi.aggregation,
        ),
    )


def _input(template: TemplateInput, facts: AccountFacts, *, is_measured: bool) -> Input:
    size = sized(template, facts)
    # A range that vanishes beside the company's size leaves nothing to be uncertain about.
    is_uncertain = is_measured and size.low < size.high
    return Input(
        label=template.label,
        unit=template.unit,
        value=None if is_uncertain else size.base,
        distribution=Pert(kind="pert", low=size.low, mode=size.base, high=size.high)
        if is_uncertain
        else None,
        low=size.low,
        base=size.base if is_uncertain else None,
        high=size.high,
        evidence=size.evidence,
        citation=template.citation,
    )
