"""One service without the others; first of the files, while nothing else runs."""

import httpx2
import pytest

from tests.stack.engine import Stack, eventually

pytestmark = pytest.mark.stack


def test_one_service_alone_brings_up_what_it_needs(built: Stack) -> None:
    built.compose("up", "--detach", "value-architect")
    health = f"{built.url('ARCHITECT_DIRECT_PORT')}/health"

    def answers() -> bool:
        try:
            return httpx2.get(health, trust_env=False).is_success
        except (httpx2.HTTPError, ValueError):
            return False

    eventually(answers, within_s=120)
    assert built.containers("value-committer") == []
    # As Ctrl-C would: networks and containers stay, and the start of all of it finds its own there.
    built.compose("stop")
