"""Drivers become a value model: sizes, names, profiles, and what is uncertain in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.architect.domain.accounts import AccountFacts
from services.architect.domain.composition import Plan, compose, profile
from services.architect.domain.templates import DriverTemplate, Ramp
from services.schemas.consistency import inconsistencies
from services.schemas.distributions import Pert
from services.schemas.value_model import Cost, Horizon
from tests.architect.domain.drivers import LIBRARY, driver
from tests.architect.domain.formulas import value_of

FACTS = AccountFacts("manufacturing", employees=500, annual_revenue=80_000_000.0)
QUARTERS = Horizon(periods=12, period_length="quarter")
PLAN = Plan(
    "EUR", QUARTERS, 0.08, costs=(Cost(key="subscription", label="Subscription", recurring="120000"),)
)


@pytest.mark.parametrize("template", LIBRARY, ids=lambda template: template.key)
def test_every_library_driver_makes_a_consistent_model(template: DriverTemplate) -> None:
    assert inconsistencies(compose([template], FACTS, PLAN)) == []


def test_the_whole_library_makes_one_consistent_model() -> None:
    model = compose(LIBRARY, FACTS, PLAN)
    assert inconsistencies(model) == []
    assert [line.key for line in model.drivers] == [template.key for template in LIBRARY]
    assert model.costs == PLAN.costs


def test_size_multiplies_what_is_scaled_by_it() -> None:
    inputs = compose([driver("d", scaled_by="employees")], FACTS, PLAN).inputs
    assert inputs["volume"].value == 500 * 10
    assert inputs["volume"].evidence == "benchmark"


def test_an_unknown_size_is_the_typical_one_and_an_assumption() -> None:
    inputs = compose([driver("d", scaled_by="employees")], AccountFacts("retail"), PLAN).inputs
    assert inputs["volume"].value == 1000 * 10
    assert inputs["volume"].evidence == "assumption"


def test_what_is_measured_later_is_what_is_uncertain_now() -> None:
    inputs = compose([driver("d")], FACTS, PLAN).inputs
    assert inputs["volume"].value == 10
    assert inputs["rate"].distribution == Pert(kind="pert", low=1, mode=2, high=3)
    assert inputs["rate"].base == 2


def test_drivers_share_what_they_define_alike() -> None:
    model = compose([driver("a"), driver("b")], FACTS, PLAN)
    assert set(model.inputs) == {"volume", "rate"}


def test_the_same_name_for_something_else_gets_a_name_of_its_own() -> None:
    model = compose([driver("a"), driver("b", base=20.0)], FACTS, PLAN)
    assert set(model.inputs) == {"volume", "rate", "b_volume"}
    assert [line.formula for line in model.drivers] == ["volume * rate", "b_volume * rate"]
    assert model.inputs["b_volume"].value == 20


def test_a_measured_name_that_is_taken_follows_into_the_kpi() -> None:
    model = compose([driver("a"), driver("b", rate=2.5)], FACTS, PLAN)
    kpi = model.drivers[1].kpi
    assert kpi is not None
    assert kpi.input == "b_rate"


@given(st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=6))
def test_names_never_change_what_a_driver_is_worth(bases: list[float]) -> None:
    templates = [driver(f"d{number}", base=base) for number, base in enumerate(bases)]
    model = compose(templates, FACTS, PLAN)
    values = {
        name: each.value if each.value is not None else each.base for name, each in model.inputs.items()
    }
    point = {name: value for name, value in values.items() if value is not None}
    assert [value_of(line.formula, point) for line in model.drivers] == [base * 2 for base in bases]


@pytest.mark.parametrize(
    ("ramp", "horizon", "expected"),
    [
        (Ramp(), QUARTERS, (1.0,)),
        (Ramp(starts_after_months=3, full_after_months=3), QUARTERS, (0.0, 1.0)),
        # Months 1-6 have their middles at 0.5/6 ... 5.5/6: the quarters' means are 0.25 and 0.75.
        (Ramp(full_after_months=6), QUARTERS, (0.25, 0.75, 1.0)),
        (Ramp(full_after_months=12), Horizon(periods=3, period_length="year"), (0.5, 1.0)),
        (Ramp(full_after_months=4), Horizon(periods=2, period_length="month"), (0.125, 0.375)),
    ],
)
def test_a_ramp_by_period(ramp: Ramp, horizon: Horizon, expected: tuple[float, ...]) -> None:
    assert profile(ramp, horizon) == expected


@given(st.integers(0, 120), st.integers(0, 120), st.sampled_from(["month", "quarter", "year"]))
def test_a_profile_only_rises_and_stays_a_share(first: int, second: int, length: str) -> None:
    ramp = Ramp(starts_after_months=min(first, second), full_after_months=max(first, second))
    shares = profile(ramp, Horizon.model_validate({"periods": 40, "period_length": length}))
    assert list(shares) == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
