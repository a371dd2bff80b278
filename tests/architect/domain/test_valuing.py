"""Drivers are put before the engine in groups that fit, and one that fails takes no other with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.architect.domain.accounts import AccountFacts
from services.architect.domain.templates import DriverTemplate
from services.architect.domain.valuing import batches, one_year, without_culprits
from services.schemas.problem import FieldError
from tests.architect.domain.drivers import LIBRARY, driver


def _with_inputs(key: str, count: int) -> DriverTemplate:
    simple = driver(key)
    more = {f"{key}_input_{number}": simple.inputs["volume"] for number in range(count - 2)}
    return simple.model_copy(update={"inputs": {**simple.inputs, **more}})


@given(st.lists(st.integers(2, 50), max_size=30))
def test_every_driver_is_in_one_group_and_every_group_fits(sizes: list[int]) -> None:
    drivers = [_with_inputs(f"d{number}", size) for number, size in enumerate(sizes)]
    groups = list(batches(drivers))
    assert [each for group in groups for each in group] == drivers
    for group in groups:
        assert group
        model = one_year(group, AccountFacts("any"), "EUR")
        assert len(model.drivers) == len(group)


def test_the_whole_library_is_one_group() -> None:
    assert list(batches(LIBRARY)) == [list(LIBRARY)]


@pytest.mark.parametrize(
    ("pointers", "left"),
    [
        (["/drivers/1/formula"], ["a", "c"]),
        (["/drivers/0/formula", "/drivers/2"], ["b"]),
        (["/drivers/1/formula", "/currency"], []),
        ([""], []),
    ],
)
def test_the_drivers_at_fault_are_left_out(pointers: list[str], left: list[str]) -> None:
    drivers = [driver(key) for key in "abc"]
    errors = [FieldError(pointer=pointer, detail="wrong") for pointer in pointers]
    assert [each.key for each in without_culprits(drivers, errors)] == left
