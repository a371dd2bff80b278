"""One stack for all of its tests, in the order of their file: built, started, driven, removed."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.servers.missing import skip_or_fail
from tests.stack.engine import Stack, has_docker
from tests.stack.panels import Panels


@pytest.fixture(scope="session")
def built() -> Iterator[Stack]:
    """Images and settings; whatever was started is removed at the end."""
    if not has_docker():
        skip_or_fail("no Docker answers here")
    # Not pytest's own folder: it is needed until the very end, after an interruption, too.
    with TemporaryDirectory(prefix="valueverse-stack-") as folder:
        stack = Stack.of_its_own(Path(folder))
        stack.script("build")
        try:
            yield stack
        finally:
            stack.script("reset", "--yes")


@pytest.fixture(scope="session")
def stack(built: Stack) -> Stack:
    """The whole platform, healthy."""
    built.script("start")
    return built


@pytest.fixture(scope="session")
def panels(stack: Stack) -> Panels:
    return Panels(stack)
