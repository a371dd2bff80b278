"""What every test may ask for, and what holds for all of them."""

import pytest
from hypothesis import settings

from tests.harness import standing

pytest_plugins = ["tests.servers.plugin", "tests.harness.discipline", "tests.harness.fixtures"]

# Laws are checked without a deadline: how long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    standing.add_options(parser)
