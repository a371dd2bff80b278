"""Production issuers: their keys are fetched from a real key server, rotated, and kept while it is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import HttpUrl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.chassis.clock import MovableClock
from services.chassis.issuers import IssuerSettings
from services.chassis.jwks import KeyNotFound, KeySet
from services.chassis.tokens import TokenInvalid, TokenVerifier
from services.launcher.serving import Address, bound, serving

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TENANT = UUID("0197c1c5-0000-7000-8000-000000000002")
ISSUER = "https://login.example.com/realms/valueverse"

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
NEXT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class KeyServer:
    """A provider's key endpoint, over real HTTP."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.asked = 0
        self.url = ""

    def publish(self, kid: str, key: Any) -> None:
        algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
        document: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
        self.keys.append({**document, "kid": kid, "use": "sig"})

    async def answer(self, _request: Request) -> JSONResponse:
        self.asked += 1
        return JSONResponse({"keys": self.keys})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = Starlette(routes=[Route("/keys", self.answer)])
        with bound([Address("127.0.0.1", 0)]) as (socket,):
            self.url = f"http://127.0.0.1:{socket.getsockname()[1]}/keys"
            async with serving([(app, socket)]):
                yield


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    server = KeyServer()
    server.publish("rsa-1", RSA_KEY)
    server.publish("ec-1", EC_KEY)
    async with server.running():
        yield server


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


def verifier_of(server: KeyServer, clock: MovableClock, **changes: Any) -> TokenVerifier:
    fields: dict[str, Any] = {
        "issuer": ISSUER,
        "jwks_url": HttpUrl(server.url),
        "algorithms": ("RS256", "ES256"),
        "tenant_claim": "https://valueverse/tenant",
    }
    settings = IssuerSettings(**{**fields, **changes})
    return TokenVerifier(
        "value-architect",
        clock=clock,
        internal_secret="internal-secret-of-the-tests-00000000",
        issuers=[(settings, KeySet(server.url, clock=clock))],
    )


def token(key: Any, kid: str, algorithm: str) -> str:
    claims = {
        "iss": ISSUER,
        "aud": "valueverse",
        "sub": "ada",
        "https://valueverse/tenant": str(TENANT),
        "roles": ["approver"],
        "exp": NOW.timestamp() + 3600,
    }
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


@pytest.mark.parametrize(
    ("key", "kid", "algorithm"), [(RSA_KEY, "rsa-1", "RS256"), (EC_KEY, "ec-1", "ES256")], ids=["rsa", "ec"]
)
async def test_a_provider_s_token_holds_and_its_claims_are_mapped(
    server: KeyServer, clock: MovableClock, key: Any, kid: str, algorithm: str
) -> None:
    principal = await verifier_of(server, clock).verify(token(key, kid, algorithm))
    assert principal.tenant == TENANT
    assert principal.has("architect:approve")


async def test_keys_are_fetched_once_and_kept(server: KeyServer, clock: MovableClock) -> None:
    verifier = verifier_of(server, clock)
    for _ in range(5):
        await verifier.verify(token(RSA_KEY, "rsa-1", "RS256"))
    assert server.asked == 1


async def test_a_rotated_key_is_found_at_once(server: KeyServer, clock: MovableClock) -> None:
    verifier = verifier_of(server, clock)
    await verifier.verify(token(RSA_KEY, "rsa-1", "RS256"))
    server.publish("rsa-2", NEXT_KEY)
    clock.advance(11)
    assert (await verifier.verify(token(NEXT_KEY, "rsa-2", "RS256"))).sub == "ada"


async def test_made_up_key_ids_do_not_hammer_the_provider(server: KeyServer, clock: MovableClock) -> None:
    keys = KeySet(server.url, clock=clock)
    for number in range(50):
        with pytest.raises(KeyNotFound):
            await keys.key(f"made-up-{number}")
    assert server.asked == 1


async def test_known_keys_outlive_the_key_server(clock: MovableClock) -> None:
    server = KeyServer()
    server.publish("rsa-1", RSA_KEY)
    async with server.running():
        verifier = verifier_of(server, clock)
        await verifier.verify(token(RSA_KEY, "rsa-1", "RS256"))
    clock.advance(1200)
    assert (await verifier.verify(token(RSA_KEY, "rsa-1", "RS256"))).sub == "ada"


async def test_an_algorithm_that_the_issuer_does_not_use_is_refused(
    server: KeyServer, clock: MovableClock
) -> None:
    verifier = verifier_of(server, clock, algorithms=("RS256",))
    with pytest.raises(TokenInvalid, match="algorithm"):
        await verifier.verify(token(EC_KEY, "ec-1", "ES256"))


async def test_a_public_key_does_not_work_as_a_shared_secret(server: KeyServer, clock: MovableClock) -> None:
    forged = token("x" * 64, "rsa-1", "HS256")
    with pytest.raises(TokenInvalid, match="algorithm"):
        await verifier_of(server, clock).verify(forged)


async def test_another_key_under_a_known_id_is_refused(server: KeyServer, clock: MovableClock) -> None:
    with pytest.raises(TokenInvalid, match="signature"):
        await verifier_of(server, clock).verify(token(NEXT_KEY, "rsa-1", "RS256"))
