"""The address under which an instance registers: the one that the registry's network reaches."""

import pytest

from services.chassis.registration import own_address


@pytest.mark.parametrize("registry", ["http://127.0.0.1:8500", "127.0.0.1:8500", "http://127.0.0.1"])
def test_it_is_the_one_on_the_registry_s_network(registry: str) -> None:
    """A registry on loopback reaches this machine there, whatever other networks it has."""
    assert own_address(registry) == "127.0.0.1"


def test_a_registry_that_nobody_knows_leaves_the_way_out() -> None:
    assert own_address("http://no-such-host.invalid:8500") == own_address("")
