"""Each container is killed in turn while promises are made and kept: nothing is lost, or done twice."""

import re

import pytest

from tests.stack.engine import Stack, eventually
from tests.stack.lives import Lives

pytestmark = pytest.mark.stack_full

_JOBS = {"migrate"}


def test_each_container_may_be_killed_in_turn(stack: Stack) -> None:
    victims = sorted(set(stack.compose("config", "--services").split()) - _JOBS)
    with Lives(stack.gateway, stack.setting("JWT_SECRET")) as lives:
        for victim in victims:
            (container,) = stack.containers(victim)
            stack.docker("kill", container)
            stack.docker("start", container)
            eventually(lambda: "All healthy" in stack.told("health"), within_s=300)
            lived = lives.ended
            eventually(lambda before=lived: lives.ended > before or bool(lives.failures), within_s=300)  # type: ignore[misc]
            assert lives.failures == [], victim
    eventually(lambda: "Everything holds." in audit(stack), within_s=300)
    print(f"{len(victims)} containers killed, {lives.ended} lives: {audit(stack).splitlines()[-1]}")  # noqa: T201


def audit(stack: Stack) -> str:
    """What `python -m services audit` says in a container beside the platform."""
    told = stack.compose_told("run", "--rm", "--no-deps", "migrate", "audit", "--patience", "0s")
    return re.sub(r"\x1b\[[0-9;]*m", "", told).strip()
