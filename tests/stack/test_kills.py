"""Each container is killed while promises are made and kept: nothing is lost, or done twice."""

import subprocess
import sys
import time

import pytest
import yaml

from tests.stack.engine import ROOT, Stack, eventually
from tests.stack.lives import Lives

pytestmark = pytest.mark.stack_full

_COMPOSE = yaml.safe_load((ROOT / "docker-compose.microservices.yml").read_text())
VICTIMS = sorted(_COMPOSE["services"].keys() - {"migrate"})
# Nobody's request needs them.
BYSTANDERS = {"prometheus", "jaeger", "postgres-exporter", "redis-exporter"}
# Away; or 409, as what was sent again is still at work. Any other conflict would end the life.
_SENT_AGAIN = {409, 502, 503, 504}
_INTO_THE_LIFE_S = 3.0


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_container_may_be_killed_at_any_time(stack: Stack, victim: str) -> None:
    """Meanwhile requests are refused as 502, 503 or 504 alone, and sent again; then the audit is clean.

    Where no request needs what is killed, none is refused.
    """
    containers = stack.containers(victim)
    if not containers:
        pytest.skip(f"{victim} has no image here")
    with Lives(stack.gateway, stack.setting("JWT_SECRET")) as lives:
        time.sleep(_INTO_THE_LIFE_S)
        stack.docker("kill", containers[0])
        time.sleep(_INTO_THE_LIFE_S)
        stack.docker("start", containers[0])
        eventually(lambda: "All healthy" in stack.told("health"), within_s=300)
        lived = lives.ended
        eventually(lambda: lives.ended > lived or bool(lives.failures), within_s=300)
    assert lives.failures == []
    refused_otherwise = [
        each
        for each in lives.refusals
        if each.status not in _SENT_AGAIN
        or each.media_type != "application/problem+json"
        or victim in BYSTANDERS
    ]
    assert refused_otherwise == []
    eventually(lambda: "Everything holds." in audit(stack), within_s=300)


def audit(stack: Stack) -> str:
    """What `python -m services audit` says of the containers' database, by its published port."""
    told = subprocess.run(
        [sys.executable, "-m", "services", "audit", "--patience", "0s"],
        cwd=ROOT,
        env={**stack.environment, "DATABASE_URL": stack.owner_url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return told.stdout
