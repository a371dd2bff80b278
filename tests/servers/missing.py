"""A server that this machine does not have."""

import os
from typing import NoReturn

import pytest


class MissingServer(Exception):
    """The server's programs are not installed. The message says what to install."""


def skip_or_fail(reason: str) -> NoReturn:
    """Skips the test that needs the server; with REQUIRE_REAL_SERVERS=1 fails it."""
    if os.environ.get("REQUIRE_REAL_SERVERS") == "1":
        pytest.fail(f"REQUIRE_REAL_SERVERS=1, but: {reason}", pytrace=False)
    pytest.skip(reason)
