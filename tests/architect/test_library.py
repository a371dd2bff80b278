"""The starter library computes, promises something, and says where its figures come from."""

import math

import pytest

from services.architect import library
from services.architect.domain.accounts import AccountFacts, sized
from services.architect.domain.templates import ANY_INDUSTRY, DriverTemplate, TemplateInput
from tests.architect.domain.formulas import value_of

DRIVERS = library.load()
by_key = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.key)

UNKNOWN_SIZE = AccountFacts("manufacturing")


def _base(driver: DriverTemplate, facts: AccountFacts = UNKNOWN_SIZE) -> dict[str, float]:
    return {name: sized(template, facts).base for name, template in driver.inputs.items()}


def test_there_are_drivers_for_three_industries_and_for_any() -> None:
    industries = {industry for driver in DRIVERS for industry in driver.industries}
    assert len(DRIVERS) >= 14
    assert industries >= {"manufacturing", "financial_services", "retail", ANY_INDUSTRY}


def test_every_realisation_class_occurs() -> None:
    assert {driver.realisation for driver in DRIVERS} == {
        "cashable",
        "revenue",
        "avoidance",
        "capacity",
        "risk",
    }


@by_key
def test_the_formula_brings_a_benefit_at_base(driver: DriverTemplate) -> None:
    amount = value_of(driver.formula, _base(driver))
    assert math.isfinite(amount)
    assert amount > 0


@by_key
def test_the_formula_uses_every_input(driver: DriverTemplate) -> None:
    base = _base(driver)
    amount = value_of(driver.formula, base)
    for name, value in base.items():
        assert value_of(driver.formula, {**base, name: value * 1.01}) != amount, name


@by_key
def test_the_measured_kpi_moves_the_benefit_the_way_it_says(driver: DriverTemplate) -> None:
    base = _base(driver)
    better = 1.01 if driver.kpi.direction == "increase" else 0.99
    improved = {**base, driver.kpi.input: base[driver.kpi.input] * better}
    assert value_of(driver.formula, improved) > value_of(driver.formula, base)


@by_key
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_promise_is_never_a_loss_at_its_worst(driver: DriverTemplate, end: str) -> None:
    kpi = sized(driver.inputs[driver.kpi.input], UNKNOWN_SIZE)
    worst = {**_base(driver), driver.kpi.input: getattr(kpi, end)}
    assert value_of(driver.formula, worst) >= 0


def test_one_name_is_one_quantity_in_all_drivers() -> None:
    seen: dict[str, TemplateInput] = {}
    for driver in DRIVERS:
        for name, template in driver.inputs.items():
            assert seen.setdefault(name, template) == template, f"{name} in {driver.key}"


def test_sales_content_gives_the_published_figure() -> None:
    """Cloud Ratings, 'True ROI of RELAYTO', p. 5: 191,634 a year, of a pipeline of 111,111,111."""
    driver = next(each for each in DRIVERS if each.key == "sales_content_preparation")
    inputs = _base(driver, AccountFacts("media", annual_revenue=111_111_111))
    assert value_of(driver.formula, inputs) == pytest.approx(191_634, abs=0.5)
