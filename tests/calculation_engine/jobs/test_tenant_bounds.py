"""What one tenant may have at once of a replica in which nothing runs: jobs wait, and streams go on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.cache.memory import MemoryCache
from services.chassis.tokens import mint_development_token
from services.launcher.serving import Address, bound, serving
from tests.calculation_engine.jobs.cases import ASYNC, JOBS, SIMULATIONS, a_simulation, accepted
from tests.calculation_engine.jobs.conftest import Bench, MakeBench
from tests.harness.platform import SECRETS
from tests.harness.waiting import eventually

ADA_S, EVE_S = uuid4(), uuid4()


class Served:
    """A replica behind its server."""

    def __init__(self, bench: Bench, url: str) -> None:
        self._bench = bench
        self._url = url

    def client(self, tenant: UUID) -> httpx2.AsyncClient:
        token = mint_development_token(
            secret=SECRETS.jwt_secret,
            tenant=tenant,
            sub="ada",
            roles=["value-engineer"],
            ttl=timedelta(hours=1),
            now=self._bench.clock.now(),
        )
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(base_url=self._url, headers=headers, timeout=30, trust_env=False)


@asynccontextmanager
async def served(bench: Bench) -> AsyncIterator[Served]:
    with bound([Address("127.0.0.1", 0)]) as [opened]:
        async with serving([(bench.app, opened)]):
            yield Served(bench, f"http://127.0.0.1:{opened.getsockname()[1]}")


async def queued(client: httpx2.AsyncClient) -> str:
    return await accepted(await client.post(SIMULATIONS, json=a_simulation(), headers=ASYNC))


@asynccontextmanager
async def following(client: httpx2.AsyncClient, path: str) -> AsyncIterator[AsyncIterator[str]]:
    """A stream that has told the first; what follows."""
    async with client.stream("GET", f"{path}/events") as stream:
        assert stream.status_code == 200
        texts = stream.aiter_text()
        assert "event: progress" in await anext(texts)
        yield texts


def refused(answer: httpx2.Response) -> str:
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    return str(answer.json()["code"])


async def test_the_jobs_of_a_tenant_that_have_not_ended_are_bounded(make_bench: MakeBench) -> None:
    async with (
        served(make_bench(tenant_jobs=2)) as replica,
        replica.client(ADA_S) as ada,
        replica.client(EVE_S) as eve,
    ):
        first, _ = [await queued(ada) for _ in range(2)]
        asked = {**ASYNC, "Idempotency-Key": "once"}
        assert refused(await ada.post(SIMULATIONS, json=a_simulation(), headers=asked)) == "too_many_jobs"
        await queued(eve)
        assert (await ada.delete(first)).status_code == 200
        # The key is free: the refusal was no answer to keep.
        await accepted(await ada.post(SIMULATIONS, json=a_simulation(), headers=asked))
        # What is small is answered at once all the same.
        assert (await ada.post(SIMULATIONS, json=a_simulation())).status_code == 200


async def test_the_streams_of_a_tenant_are_bounded(make_bench: MakeBench) -> None:
    async with (
        served(make_bench(tenant_streams=2)) as replica,
        replica.client(ADA_S) as ada,
        replica.client(EVE_S) as eve,
    ):
        path, others = await queued(ada), await queued(eve)
        async with following(ada, path):
            async with following(ada, path):
                assert refused(await ada.get(f"{path}/events")) == "too_many_streams"
                async with following(eve, others):
                    pass
                assert (await ada.get(path)).status_code == 200

            # Whoever goes away leaves room.
            async def room() -> bool:
                async with ada.stream("GET", f"{path}/events") as stream:
                    return stream.status_code == 200

            await eventually(room)
        assert (await ada.get(f"{JOBS}/{uuid4()}/events")).status_code == 404


async def test_streams_end_when_the_server_stops(make_bench: MakeBench) -> None:
    """Whole, not cut off: who follows connects again, to another replica."""
    bench = make_bench()
    async with AsyncExitStack() as clients:
        async with served(bench) as replica:
            ada = await clients.enter_async_context(replica.client(ADA_S))
            texts = await clients.enter_async_context(following(ada, await queued(ada)))
        assert [text async for text in texts] == []  # it would raise, had it been cut off


async def test_a_stream_that_is_left_listens_no_more(make_bench: MakeBench) -> None:
    cache = MemoryCache()

    async def is_heard() -> bool:
        return bool(cache._listeners)

    async def is_not_heard() -> bool:
        return not cache._listeners

    async with served(make_bench(cache)) as replica, replica.client(ADA_S) as ada:
        path = await queued(ada)
        async with following(ada, path):
            assert await is_heard()
        await eventually(is_not_heard)


@pytest.mark.parametrize("name", ["tenant_jobs", "tenant_streams"])
def test_none_at_all_is_no_setting(make_bench: MakeBench, name: str) -> None:
    settings = make_bench().runtime.settings
    with pytest.raises(ValueError, match=name):
        type(settings).model_validate({**settings.model_dump(), name: 0})
