"""One stack for all of its tests, in the order of their file: built, started, driven, removed."""

from collections.abc import Iterator

import pytest

from tests.stack.engine import Stack, has_docker


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Images and settings; whatever was started is removed at the end."""
    if not has_docker():
        pytest.skip("no Docker answers here")
    stack = Stack.of_its_own(tmp_path_factory.mktemp("stack"))
    stack.script("build")
    yield stack
    stack.script("reset", "--yes")


@pytest.fixture(scope="session")
def stack(built: Stack) -> Stack:
    """The whole platform, healthy."""
    built.script("start")
    return built
