"""The servers that tests stand on: real, shared by the run's workers, and honest about what is missing."""

import asyncio

import aio_pika
import asyncpg
import pytest
from aiormq.exceptions import ChannelAccessRefused
from redis.asyncio import Redis

from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitProcess, RabbitServer
from tests.servers.redis import RedisServer


async def test_the_owner_makes_roles_but_is_no_superuser(
    postgres_server: PostgresServer, worker: str
) -> None:
    url = await postgres_server.create_database(f"owner_{worker}")
    connection = await asyncpg.connect(url, ssl=False)
    try:
        row = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        assert row is not None
        assert tuple(row) == (False, False, True)
        await connection.execute("CREATE TABLE mine (id int)")
    finally:
        await connection.close()
    copy = await postgres_server.create_database(f"copy_{worker}", template=f"owner_{worker}")
    connection = await asyncpg.connect(copy, ssl=False)
    try:
        assert await connection.fetchval("SELECT count(*) FROM mine") == 0
    finally:
        await connection.close()


async def test_a_template_is_built_once(postgres_server: PostgresServer, worker: str) -> None:
    built: list[str] = []

    async def build(url: str) -> None:
        built.append(url)

    names = await asyncio.gather(*(postgres_server.template(f"once_{worker}", build) for _ in range(3)))
    assert set(names) == {f"once_{worker}"}
    assert len(built) == 1


async def test_redis_answers(redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await client.set("key", "value")
        assert await client.get("key") == b"value"


async def test_a_rabbitmq_user_has_only_the_rights_it_was_given(rabbitmq_server: RabbitServer) -> None:
    await asyncio.to_thread(rabbitmq_server.ctl, "add_user", "reader", "secret")
    await asyncio.to_thread(rabbitmq_server.grant, "reader", configure="^$", write="^$", read="^seen$")
    async with await aio_pika.connect(rabbitmq_server.url) as administrator:
        await (await administrator.channel()).declare_queue("seen", durable=True)
    async with await aio_pika.connect(rabbitmq_server.url_of("reader", "secret")) as reader:
        channel = await reader.channel()
        await channel.get_queue("seen")
        with pytest.raises(ChannelAccessRefused):
            await channel.declare_queue("other")


@pytest.mark.chaos
async def test_a_durable_queue_survives_the_broker_killed(own_rabbitmq: RabbitProcess) -> None:
    url = own_rabbitmq.server.url
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
    await asyncio.to_thread(own_rabbitmq.kill)
    with pytest.raises(ConnectionError):
        await aio_pika.connect(url)
    own_rabbitmq.start()
    async with await aio_pika.connect(url) as connection:
        await (await connection.channel()).declare_queue("kept", passive=True)
