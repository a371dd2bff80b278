"""The whole embedded platform over a real PostgreSQL, in process: what API tests talk to.

One platform a test worker; each test takes a tenant of its own, which row level security keeps apart.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
from pydantic import SecretStr

from services.chassis.asgi_transport import IsolatedASGITransport
from services.chassis.clock import SystemClock
from services.chassis.tokens import mint_development_token
from services.launcher import embedded, rooms
from services.launcher.configuration import embedded_settings, roles_of
from services.launcher.embedded import EmbeddedPlatform
from services.launcher.secrets_file import PlatformSecrets

SECRETS = PlatformSecrets(
    jwt_secret="a-secret-of-the-tests-alone-0123456789",
    internal_jwt_secret="another-secret-of-the-tests-0123456789",
    database_passwords={role: f"test-{role}" for role in roles_of(rooms.service_keys())},
)


@dataclass(frozen=True)
class TestPlatform:
    """A running platform and the means to call it as anybody."""

    __test__ = False

    embedded: EmbeddedPlatform

    @property
    def database(self) -> str:
        """The name of the database that all services share."""
        url: SecretStr = self.embedded.apps["value-architect"].state.runtime.settings.database_url
        return url.get_secret_value().rpartition("/")[2]

    def token(
        self,
        tenant: UUID,
        *,
        sub: str = "ada",
        roles: Sequence[str] = (),
        scopes: Sequence[str] = (),
        account: str | None = None,
    ) -> str:
        return mint_development_token(
            secret=SECRETS.jwt_secret,
            tenant=tenant,
            sub=sub,
            roles=roles,
            scopes=scopes,
            account=account,
            ttl=timedelta(hours=1),
            now=SystemClock().now(),
        )

    def client(self, token: str | None = None) -> httpx2.AsyncClient:
        """A client of the gateway's paths; without a token it asks as nobody."""
        return httpx2.AsyncClient(
            transport=IsolatedASGITransport(self.embedded.dispatcher),
            base_url="http://gateway",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=30,
        )


@contextlib.asynccontextmanager
async def running_platform(owner_url: str, keys: Sequence[str] = ()) -> AsyncIterator[TestPlatform]:
    """The platform, or the services named of it, over a new or migrated database, for the block's length."""
    settings = embedded_settings(keys or rooms.service_keys(), owner_url, SECRETS)
    async with embedded.running(owner_url, settings) as platform:
        yield TestPlatform(platform)


@dataclass
class Company:
    """One tenant and the people in it, each with a client of their own."""

    platform: TestPlatform
    tenant: UUID
    stack: contextlib.AsyncExitStack

    def person(
        self, sub: str, *roles: str, scopes: Sequence[str] = (), account: str | None = None
    ) -> httpx2.AsyncClient:
        token = self.platform.token(self.tenant, sub=sub, roles=roles, scopes=scopes, account=account)
        client = self.platform.client(token)
        self.stack.push_async_callback(client.aclose)
        return client


@contextlib.asynccontextmanager
async def company_of(platform: TestPlatform) -> AsyncIterator[Company]:
    """A tenant nobody has used before."""
    async with contextlib.AsyncExitStack() as stack:
        yield Company(platform, uuid4(), stack)
