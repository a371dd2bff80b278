"""What one module logs: other services of the same process may have something to say meanwhile."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import structlog
from structlog.testing import capture_logs

Line = MutableMapping[str, Any]


class Logged:
    """The lines of one module, in their order."""

    def __init__(self, module: str, lines: list[Line]) -> None:
        self._module = module
        self._lines = lines

    @property
    def events(self) -> list[str]:
        """The events so far, all that the module logged and nothing else."""
        return [line["event"] for line in self._lines if line["logger"] == self._module]


@contextmanager
def logged_by(module: ModuleType) -> Iterator[Logged]:
    """Captures what a module logs for the length of the block."""
    with capture_logs(processors=[structlog.stdlib.add_logger_name]) as lines:
        yield Logged(module.__name__, lines)
