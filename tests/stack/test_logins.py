"""Where `urls` says that everything is: each address answers, with the login that stands beside it."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

import aio_pika
import asyncpg
import httpx2
import pytest
from redis.asyncio import Redis

from services.schemas.directory import SERVICES
from tests.stack.engine import Stack

pytestmark = pytest.mark.stack

Login = tuple[str, str] | None

# What is not here, and what of a page answers where the double has none at its root.
_WITHOUT_IMAGE = {"Grafana"}
_PAGES = {
    "the gateway": "/api/v1/architect/health",
    "Kong's admin": "/metrics",
    "RabbitMQ's pages": "/api/overview",
    "Consul": "/v1/status/leader",
    "Prometheus": "/-/ready",
    "Jaeger": "/api/services",
}


def told(stack: Stack) -> list[tuple[str, str, str]]:
    """Name, address and login, a line each; a service has two addresses."""
    *lines, _ = stack.script("urls").splitlines()
    found = []
    for line in lines:
        name, address, login = re.split(r"\s{2,}|(?<=/docs) |(?<=\d) (?=no login)", line, maxsplit=2)
        found.append((name, address, login))
        if login.startswith("directly: "):
            found.append((f"{name} directly", login.removeprefix("directly: "), "no login"))
    return found


def login_of(stack: Stack, text: str) -> Login:
    """User and password, as the line names them."""
    named = re.fullmatch(r"(?:(\w+), )?([A-Z_]+_PASSWORD)", text)
    return (named[1] or "", stack.setting(named[2])) if named else None


async def _http(name: str, address: str, login: Login) -> None:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(address + _PAGES.get(name, ""), auth=login)
        assert answer.is_success, f"{name}: {answer.status_code}"
        if login:
            wrong = await client.get(address + _PAGES.get(name, ""), auth=(login[0], "wrong"))
            assert wrong.status_code == 401


async def _postgresql(_name: str, address: str, login: Login) -> None:
    assert login
    connection = await asyncpg.connect(address, user=login[0], password=login[1])
    assert await connection.fetchval("select 1") == 1
    await connection.close()


async def _redis(_name: str, address: str, login: Login) -> None:
    assert login
    async with Redis.from_url(address, password=login[1]) as redis:
        assert await redis.ping()


async def _amqp(_name: str, address: str, login: Login) -> None:
    assert login
    connection = await aio_pika.connect(address.replace("://", f"://{login[0]}:{login[1]}@"))
    await connection.close()


_BY_SCHEME: dict[str, Callable[[str, str, Login], Coroutine[Any, Any, None]]] = {
    "http": _http,
    "postgresql": _postgresql,
    "redis": _redis,
    "amqp": _amqp,
}


def test_every_address_answers_with_its_login(stack: Stack) -> None:
    lines = told(stack)
    for name, address, login in lines:
        if name not in _WITHOUT_IMAGE:
            asyncio.run(_BY_SCHEME[address.partition("://")[0]](name, address, login_of(stack, login)))
    assert len(lines) == 1 + 2 * len(SERVICES) + 9
    with_login = {name for name, _, login in lines if login_of(stack, login)}
    assert with_login == {"PostgreSQL", "Redis", "RabbitMQ", "RabbitMQ's pages", "Grafana"}
