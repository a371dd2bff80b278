"""The services' logins at a real broker, made by the migrate step."""

import asyncio

import aio_pika
import pytest
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from services.chassis.bus.logins import CannotMakeLogins, make_logins
from services.chassis.bus.permissions import broker_permissions
from tests.servers.rabbitmq import RabbitServer

_PASSWORD = "f0rm@t/ted"  # with what an address must escape
_ESCAPED = "f0rm%40t%2Fted"


def management_of(server: RabbitServer) -> str:
    return f"http://127.0.0.1:{server.management_port}"


async def rights_of(server: RabbitServer, user: str) -> tuple[str, str]:
    """What the broker itself says: a user's rights on names, and on routing keys."""
    held = await asyncio.to_thread(server.ctl, "list_user_permissions", user)
    keys = await asyncio.to_thread(server.ctl, "list_user_topic_permissions", user)
    return held, keys


async def test_a_login_has_its_services_rights(rabbitmq_server: RabbitServer) -> None:
    expected = next(each for each in broker_permissions() if each.user == "committer")
    logins = [rabbitmq_server.url_of("committer", _ESCAPED)]
    for _ in range(2):  # again changes nothing
        await make_logins(management_of(rabbitmq_server), rabbitmq_server.url, logins)
    held, keys = await rights_of(rabbitmq_server, "committer")
    assert expected.write in held
    assert expected.read in held
    assert expected.routing_keys in keys
    async with await aio_pika.connect(logins[0]) as connection:
        assert not connection.is_closed


async def test_a_login_is_renewed_with_another_password(rabbitmq_server: RabbitServer) -> None:
    before, after = (rabbitmq_server.url_of("executor", each) for each in ("first", "second"))
    await make_logins(management_of(rabbitmq_server), rabbitmq_server.url, [before])
    await make_logins(management_of(rabbitmq_server), rabbitmq_server.url, [after])
    await (await aio_pika.connect(after)).close()
    with pytest.raises(CONNECTION_EXCEPTIONS):
        await aio_pika.connect(before)


async def test_who_neither_emits_nor_consumes_may_only_connect(rabbitmq_server: RabbitServer) -> None:
    await make_logins(
        management_of(rabbitmq_server), rabbitmq_server.url, [rabbitmq_server.url_of("stranger", "x")]
    )
    held, keys = await rights_of(rabbitmq_server, "stranger")
    assert held.split()[-3:] == ["^$", "^$", "^$"]
    assert keys.split()[-2:] == ["^$", "^$"]


async def test_a_refusal_is_one_line(rabbitmq_server: RabbitServer) -> None:
    nobody = rabbitmq_server.url_of("nobody", "x")
    with pytest.raises(CannotMakeLogins, match="management cannot be used") as refusal:
        await make_logins(management_of(rabbitmq_server), nobody, [])
    assert "\n" not in str(refusal.value)
