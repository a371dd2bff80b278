"""Each container is killed while promises are made and kept: nothing is lost, or done twice."""

import time

import pytest
import yaml

from services.schemas.directory import SERVICES
from tests.harness.lives import until_consistent
from tests.stack.engine import ROOT, Stack, eventually
from tests.stack.lives import Lives, Refusal, in_a_thread

pytestmark = pytest.mark.stack_full

_COMPOSE = yaml.safe_load((ROOT / "docker-compose.microservices.yml").read_text())
_BESIDE_IT = yaml.safe_load((ROOT / "tests/stack/compose.yml").read_text())
_LEFT_OUT = {name for name, told in _BESIDE_IT["services"].items() if "profiles" in told}
VICTIMS = sorted(_COMPOSE["services"].keys() - {"migrate"})
# Whom a service asks before it answers.
_ASKS = {
    "architect": {"calculation-engine"},
    "committer": {"calculation-engine", "value-architect"},
    "amplifier": {"calculation-engine", "value-architect"},
}
# Besides a service's own container, no request can do without these.
_NEEDED_BY_ALL = {"kong", "postgres"}
# Away; or 409, as what was sent again is still at work. Any other conflict would end the life.
# Not 504: who is killed takes no request.
_SENT_AGAIN = {409, 502, 503}
_INTO_THE_LIFE_S = 3.0


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_container_may_be_killed_at_any_time(stack: Stack, victim: str) -> None:
    """Meanwhile requests are refused only where they need what is killed, and sent again; then the audit is
    clean."""
    if victim in _LEFT_OUT:
        pytest.skip(f"tests/stack/compose.yml leaves {victim} out, for want of its image")
    containers = stack.containers(victim)
    assert containers, f"{victim} does not run"
    with Lives(stack.gateway, stack.setting("JWT_SECRET")) as lives:
        time.sleep(_INTO_THE_LIFE_S)
        stack.docker("kill", containers[0])
        time.sleep(_INTO_THE_LIFE_S)
        stack.docker("start", containers[0])
        eventually(lambda: "All healthy" in stack.told("health"), within_s=300)
        lived = lives.ended
        eventually(lambda: lives.ended > lived or bool(lives.failures), within_s=300)
    assert lives.failures == []
    assert [each for each in lives.refusals if not _is_explained(each, victim)] == []
    for tenant in lives.tenants:
        in_a_thread(until_consistent(stack.owner_url, tenant, within_s=300))


def _is_explained(refusal: Refusal, victim: str) -> bool:
    asked = next(each for each in SERVICES.values() if refusal.path.startswith(f"{each.prefix}/"))
    needed = {asked.name} | _NEEDED_BY_ALL | _ASKS.get(asked.key, set())
    is_told = refusal.status in _SENT_AGAIN and refusal.media_type == "application/problem+json"
    return is_told and victim in needed
