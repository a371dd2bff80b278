"""Platforms that tests find standing, told apart by nothing but addresses: embedded in one process, in six,
or one that somebody else has started (`--base-url`: containers, a cluster)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from services.launcher.data_folder import data_folder
from services.launcher.demo.gateway import Gateway, gateway
from services.launcher.demo.measures import PATH as METRICS
from services.launcher.demo.messages import Post
from services.launcher.development_token import secret_of
from services.launcher.ports import LOOPBACK
from services.launcher.receivers import Mailbox, mailbox, webhook_receiver
from services.launcher.serve import GATEWAY_PORT, direct_port
from services.launcher.serving import Address, bound
from services.launcher.serving import serving as serving_on
from services.schemas.directory import SERVICES
from tests.chassis.http_server import serving
from tests.harness.embedded_process import EmbeddedProcess
from tests.harness.platform import SECRETS
from tests.harness.separate_processes import separate_processes
from tests.harness.traces import Jaeger, OtlpReceiver, Traces
from tests.platform.processes import open_folder
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer
from tests.servers.redis import RedisServer

_OTLP_PORT = 4318


@dataclass(frozen=True, slots=True)
class Standing:
    """A platform that answers: where, by which tokens, and where it tells its metrics and traces, if at all.

    `post` is where its e-mails and webhooks arrive, if it can reach this machine.
    """

    base_url: str
    jwt_secret: str
    metrics: Sequence[str]
    traces: Traces | None
    post: Post | None = None

    def tenant(self) -> contextlib.AbstractAsyncContextManager[Gateway]:
        """The gateway, before the people of a tenant that nobody used before."""
        return gateway(self.base_url, self.jwt_secret, uuid4())


def add_options(parser: pytest.Parser) -> None:
    """What says that a platform stands already."""
    group = parser.getgroup("standing", "a platform that stands already")
    group.addoption("--base-url", help="its gateway, such as http://127.0.0.1:8000")
    group.addoption(
        "--traces",
        help="where its traces are read: Jaeger's address (http://127.0.0.1:16686), or otlp://HOST:PORT: "
        "the test listens there for what the platform exports",
    )


@contextlib.asynccontextmanager
async def embedded(_request: pytest.FixtureRequest) -> AsyncIterator[Standing]:
    """The embedded platform as a process of the test's own."""
    receiver = OtlpReceiver()
    async with serving(receiver) as collector, mailbox() as mail, webhook_receiver() as hooks:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **_told_of(mail)}
        with open_folder() as folder:
            process = EmbeddedProcess(folder / "data", told)
            try:
                await process.start()
                secret = await asyncio.to_thread(secret_of, process.data)
                yield Standing(process.url, secret, [process.url], receiver, Post(mail, hooks))
            finally:
                await asyncio.to_thread(process.dispose)


@contextlib.asynccontextmanager
async def six_processes(request: pytest.FixtureRequest) -> AsyncIterator[Standing]:
    """Each service in a process of its own, over a real database, broker and cache."""
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    rabbitmq: RabbitServer = request.getfixturevalue("rabbitmq_server")
    redis: RedisServer = request.getfixturevalue("redis_server")
    folders: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    receiver = OtlpReceiver()
    async with serving(receiver) as collector, mailbox() as mail, webhook_receiver() as hooks:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **_told_of(mail)}
        folder = folders.mktemp("standing")
        async with separate_processes(postgres, rabbitmq, redis.url, folder, told) as running:
            metrics = [address.url for address in running.addresses.values()]
            post = Post(mail, hooks)
            yield Standing(running.gateway_url, SECRETS.jwt_secret, metrics, receiver, post)


@contextlib.asynccontextmanager
async def given(request: pytest.FixtureRequest) -> AsyncIterator[Standing]:
    """The one of `--base-url`; its secret is `JWT_SECRET`, or that of the data folder."""
    url = str(request.config.getoption("--base-url")).rstrip("/")
    secret = await asyncio.to_thread(secret_of, data_folder(None))
    async with _traces(request.config.getoption("--traces")) as traces:
        yield Standing(url, secret, await _metrics_of(url), traces)


def _told_of(mail: Mailbox) -> dict[str, str]:
    return {
        "SMTP_URL": mail.url,
        "MAIL_FROM": "ValueVerse <values@vendor.example>",
        "ALLOW_PRIVATE_NETWORKS": "true",
    }


@contextlib.asynccontextmanager
async def _traces(where: str | None) -> AsyncIterator[Traces | None]:
    address = urlsplit(where or "")
    if address.scheme != "otlp":
        yield Jaeger(where) if where else None
        return
    receiver = OtlpReceiver()
    with bound([Address(address.hostname or LOOPBACK, address.port or _OTLP_PORT)]) as [listening]:
        async with serving_on([(receiver, listening)]):
            yield receiver


async def _metrics_of(url: str) -> list[str]:
    """The gateway's own address where it joins all metrics, else each service's port beside it."""
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        if (await client.get(f"{url}{METRICS}")).is_success:
            return [url]
    gateway = urlsplit(url)
    ports = [direct_port(each.name, gateway.port or GATEWAY_PORT) for each in SERVICES.values()]
    return [f"{gateway.scheme}://{gateway.hostname}:{port}" for port in ports]


WAYS = {way.__name__: way for way in (embedded, six_processes, given)}
