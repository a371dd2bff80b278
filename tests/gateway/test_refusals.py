"""What the double of Kong refuses: problem+json with the request's id, as Kong's own functions make it."""

import shutil
from pathlib import Path

import httpx2

from services.schemas.directory import SERVICES
from tests.gateway.rendering import COMPLETE, GATEWAY
from tests.servers.redis import RedisServer
from tests.stack.double import standing
from tests.stack.probes import token

ARCHITECT = SERVICES["architect"].prefix


async def test_every_refusal_carries_the_request_s_id(redis_server: RedisServer, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(GATEWAY, tmp_path / "gateway"))
    ada = {"Authorization": f"Bearer {token(COMPLETE['JWT_SECRET'])}"}
    async with (
        standing(folder, redis_server, away=("executor",), GATEWAY_CALCULATIONS_PER_MINUTE="1") as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as client,
    ):
        calculations = [await client.get("/api/v1/calculation-engine/jobs", headers=ada) for _ in range(3)]
        refused = {
            401: await client.get(f"{ARCHITECT}/drivers"),
            404: await client.get("/nowhere"),
            413: await client.post(f"{ARCHITECT}/drivers", headers=ada, content=b"x" * 1_048_577),
            429: next(answer for answer in calculations if answer.is_error),
            502: await client.get("/api/v1/executor/plans", headers=ada),
        }
        asked = await client.get(f"{ARCHITECT}/drivers", headers={"X-Request-ID": "r-1"})
    for status, answer in refused.items():
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert len({answer.json()["request_id"] for answer in refused.values()}) == len(refused)
    assert asked.json()["request_id"] == "r-1"
