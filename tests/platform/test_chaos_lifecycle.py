"""`kill -9` of the embedded platform at points all over a promise's life, and a restart: the life goes on to
its end, and the databases hold each of its effects once.

Each life is killed four times. `-m chaos_full` lives them all, `-m chaos` a sample; `CHAOS_SEED` draws other
points and another sample.
"""

from dataclasses import dataclass
from uuid import uuid4

import httpx2
import pytest

from services.launcher.ports import LOOPBACK
from services.schemas.directory import SERVICES
from tests.harness.embedded_process import EmbeddedProcess
from tests.harness.lives import lived, until_consistent
from tests.platform.chaos.sampling import SEED, sampled
from tests.platform.chaos.striking import StrikingTransport, drawn

KILLS = 4
CHANGES = 50  # at least so many are asked for in a life

# What a dead process leased is free once its time is over; the test does not wait for that.
_LEASES_RUN_OUT = "; ".join(
    f"UPDATE {key}.idempotency_keys SET lease_until = now() WHERE status IS NULL; "
    f"UPDATE {key}.outbox SET lease_until = now() WHERE published_at IS NULL AND lease_owner IS NOT NULL"
    for key in SERVICES
)


@dataclass(frozen=True)
class Points:
    """Where one life is killed."""

    number: int

    @property
    def name(self) -> str:
        return f"life {self.number}"

    @property
    def delays(self) -> dict[int, float]:
        return drawn(f"{SEED}-{self.number}", KILLS, CHANGES)


LIVES = [Points(number) for number in range(1, 9)]


@pytest.fixture(scope="module")
async def platform(embedded_process: EmbeddedProcess) -> EmbeddedProcess:
    await embedded_process.start()
    return embedded_process


@pytest.mark.parametrize("points", sampled(LIVES, 2))
async def test_a_life_goes_on_after_each_kill(platform: EmbeddedProcess, points: Points) -> None:
    async def strike() -> None:
        await platform.kill()
        await platform.start()
        async with platform.superuser() as database:
            await database.execute(_LEASES_RUN_OUT)

    tenant = uuid4()
    striking = StrikingTransport(strike, points.delays)
    gateway = f"http://{LOOPBACK}:{platform.port}"
    async with httpx2.AsyncClient(base_url=gateway, transport=striking, timeout=60) as client:
        life = await lived(client, tenant, secret=await platform.jwt_secret())
        await striking.settled()
    assert len(striking.strikes) == KILLS, f"{striking.changes} changes: {striking.strikes}"
    assert life["contract"]["state"] == "active"
    await until_consistent(await platform.owner_url(), tenant, within_s=120)
