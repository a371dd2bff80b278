"""What every test may ask for, and what holds for all of them."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.harness import standing

pytest_plugins = ["tests.servers.plugin", "tests.harness.discipline", "tests.harness.fixtures"]

# Laws are checked without a deadline: how long an example takes says how busy the machine is. Every run draws
# anew, so that few examples a run are many a week; `--hypothesis-profile=thorough` before a release.
settings.register_profile("brief", deadline=None, max_examples=40)
settings.register_profile("thorough", deadline=None, max_examples=400)
settings.load_profile("brief")


def pytest_addoption(parser: pytest.Parser) -> None:
    standing.add_options(parser)


_FIRST = [Path(__file__).parent / folder for folder in ("platform", "launcher")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts whole platforms comes first: short files at the end let parallel workers end together."""
    items.sort(key=lambda item: [not item.path.is_relative_to(folder) for folder in _FIRST])
