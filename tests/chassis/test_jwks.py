"""Production issuers: their keys come from a real key server, are rotated, and kept while it is away."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import HttpUrl
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from services.chassis.clock import MovableClock
from services.chassis.issuers import IssuerSettings
from services.chassis.jwks import KeyNotFound, KeysAway, KeySet
from services.chassis.tokens import TokenInvalid, TokenVerifier
from tests.chassis.key_server import KeyServer, PrivateKey

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TENANT = UUID("0197c1c5-0000-7000-8000-000000000002")
ISSUER = "https://login.example.com/realms/valueverse"

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NEXT_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


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


@pytest.fixture
def keys(server: KeyServer, clock: MovableClock) -> KeySet:
    return KeySet(server.url, clock=clock)


def verifier_of(keys: KeySet, clock: MovableClock, **changes: Any) -> TokenVerifier:
    fields: dict[str, Any] = {
        "issuer": ISSUER,
        "jwks_url": HttpUrl("https://login.example.com/keys"),
        "algorithms": ("RS256", "ES256"),
    }
    settings = IssuerSettings(**{**fields, **changes})
    return TokenVerifier(
        "value-architect",
        clock=clock,
        internal_secret="internal-secret-of-the-tests-00000000",
        issuers=[(settings, keys)],
    )


def claims(**changes: Any) -> dict[str, Any]:
    sound = {
        "iss": ISSUER,
        "aud": "valueverse",
        "sub": "ada",
        "tenant": str(TENANT),
        "roles": ["approver"],
        "exp": NOW.timestamp() + 3600,
    }
    return {**sound, **changes}


def token(key: PrivateKey = RSA_KEY, kid: str = "rsa-1", algorithm: str = "RS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid})


def signed_with_the_public_key() -> str:
    """The classic forgery: a key that everybody knows, used as if it were a shared secret."""
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = {"alg": "HS256", "kid": "rsa-1"}
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, claims())]
    signature = hmac.digest(public, b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.mark.parametrize(
    ("key", "kid", "algorithm"), [(RSA_KEY, "rsa-1", "RS256"), (EC_KEY, "ec-1", "ES256")], ids=["rsa", "ec"]
)
async def test_a_provider_s_token_holds(
    keys: KeySet, clock: MovableClock, key: PrivateKey, kid: str, algorithm: str
) -> None:
    principal = await verifier_of(keys, clock).verify(token(key, kid, algorithm))
    assert principal.tenant == TENANT
    assert principal.has("architect:approve")
    assert not principal.internal


FORGED = {
    "signed with the public key": (signed_with_the_public_key(), "algorithm"),
    "another key under a known id": (token(NEXT_KEY, "rsa-1"), "signature"),
    "RSA under the id of an elliptic key": (token(RSA_KEY, "ec-1"), "algorithm"),
    "an elliptic key under the id of RSA": (token(EC_KEY, "rsa-1", "ES256"), "algorithm"),
    "an algorithm that nobody agreed on": (token(RSA_KEY, "rsa-1", "PS256"), "algorithm"),
    "an unknown key": (token(NEXT_KEY, "rsa-2"), "no such key"),
    "no key id": (jwt.encode(claims(), RSA_KEY, algorithm="RS256"), "no such key"),
    "for somebody else": (token(aud="another-product"), "somebody else"),
    "expired": (token(exp=NOW.timestamp() - 60), "expired"),
}


@pytest.mark.parametrize(("forged", "reason"), FORGED.values(), ids=FORGED.keys())
async def test_a_forged_token_is_refused_with_its_reason(
    keys: KeySet, clock: MovableClock, forged: str, reason: str
) -> None:
    with pytest.raises(TokenInvalid, match=reason):
        await verifier_of(keys, clock).verify(forged)


async def test_an_issuer_s_own_algorithms_alone_are_taken(keys: KeySet, clock: MovableClock) -> None:
    verifier = verifier_of(keys, clock, algorithms=("RS256",))
    with pytest.raises(TokenInvalid, match="algorithm"):
        await verifier.verify(token(EC_KEY, "ec-1", "ES256"))


async def test_claims_are_found_where_the_provider_puts_them(keys: KeySet, clock: MovableClock) -> None:
    verifier = verifier_of(
        keys,
        clock,
        tenant_claim="https://valueverse.example/tenant",
        roles_claim="realm_access.roles",
        scope_claim="permissions",
    )
    given: dict[str, Any] = {
        "https://valueverse.example/tenant": str(TENANT),
        "tenant": "not this one",
        "roles": ["operator"],
        "realm_access": {"roles": ["approver", "offline_access"]},
        "permissions": ["executor:write"],
    }
    principal = await verifier.verify(token(**given))
    assert principal.tenant == TENANT
    assert principal.roles == {"approver", "offline_access"}
    assert principal.has("executor:write")
    assert not principal.has("architect:operate")


async def test_a_claim_that_the_provider_does_not_give_is_missing(keys: KeySet, clock: MovableClock) -> None:
    verifier = verifier_of(keys, clock, tenant_claim="organisation.id")
    with pytest.raises(TokenInvalid, match="claim tenant is missing"):
        await verifier.verify(token(organisation="acme"))


async def test_keys_are_fetched_once_even_by_many(server: KeyServer, keys: KeySet) -> None:
    await asyncio.gather(*(keys.key("rsa-1") for _ in range(5)))
    await keys.key("ec-1")
    assert server.asked == 1


async def test_old_keys_are_fetched_again(server: KeyServer, keys: KeySet, clock: MovableClock) -> None:
    await keys.key("rsa-1")
    server.keys.clear()
    server.publish("rsa-2", NEXT_KEY)
    clock.advance(601)
    with pytest.raises(KeyNotFound):
        await keys.key("rsa-1")
    await keys.key("rsa-2")


async def test_a_rotated_key_is_found_at_once(server: KeyServer, keys: KeySet, clock: MovableClock) -> None:
    await keys.key("rsa-1")
    server.publish("rsa-2", NEXT_KEY)
    clock.advance(10)
    assert (await verifier_of(keys, clock).verify(token(NEXT_KEY, "rsa-2"))).sub == "ada"


async def test_made_up_key_ids_do_not_hammer_the_provider(
    server: KeyServer, keys: KeySet, clock: MovableClock
) -> None:
    for _ in range(3):
        for number in range(50):
            with pytest.raises(KeyNotFound):
                await keys.key(f"made-up-{number}")
        clock.advance(10)
    assert server.asked == 3


async def test_keys_for_encryption_verify_nothing(server: KeyServer, keys: KeySet) -> None:
    server.publish("enc-1", NEXT_KEY, use="enc")
    server.keys.append({"kty": "of the future", "kid": "new-1"})
    with pytest.raises(KeyNotFound):
        await keys.key("enc-1")
    await keys.key("rsa-1")


async def test_a_key_that_is_too_short_verifies_nothing(
    server: KeyServer, keys: KeySet, clock: MovableClock
) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # that is the point
    server.publish("short-1", short)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        weak = token(short, "short-1")
    with pytest.raises(TokenInvalid, match="too short"):
        await verifier_of(keys, clock).verify(weak)


async def test_known_keys_outlive_the_key_server(clock: MovableClock) -> None:
    server = KeyServer()
    server.publish("rsa-1", RSA_KEY)
    async with server.running():
        keys = KeySet(server.url, clock=clock)
        await keys.key("rsa-1")
    clock.advance(1200)
    await keys.key("rsa-1")
    with pytest.raises(KeyNotFound):
        await keys.key("rsa-2")


BROKEN: dict[str, Response] = {
    "an error": Response(status_code=503),
    "a way elsewhere": RedirectResponse("https://evil.example/keys"),
    "a page": PlainTextResponse("<html>"),
    "a list": PlainTextResponse("[]"),
    "keys that are no list": PlainTextResponse('{"keys": "none"}'),
    "no keys": PlainTextResponse('{"keys": []}'),
    "keys without ids": PlainTextResponse('{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}'),
    "brackets without an end": PlainTextResponse("[" * 100_000),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_answer_takes_no_key_away(
    server: KeyServer, keys: KeySet, clock: MovableClock, answer: Response
) -> None:
    server.answer = answer
    with pytest.raises(KeysAway):
        await keys.key("rsa-1")
    server.answer = None
    clock.advance(10)
    await keys.key("rsa-1")
    server.answer = answer
    clock.advance(601)
    await keys.key("rsa-1")
    assert server.asked == 3


async def test_who_gives_up_waiting_does_not_end_it_for_others(server: KeyServer, keys: KeySet) -> None:
    server.may_answer.clear()
    impatient = asyncio.create_task(keys.key("rsa-1"))
    await asyncio.wait_for(server.asking.wait(), 5)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    server.may_answer.set()
    await keys.key("rsa-1")
    assert server.asked == 1


async def test_who_has_a_key_does_not_wait_for_a_provider_that_is_away(
    server: KeyServer, keys: KeySet, clock: MovableClock
) -> None:
    await keys.key("rsa-1")
    server.answer = Response(status_code=503)
    clock.advance(601)
    await keys.key("rsa-1")
    server.may_answer.clear()
    server.asking.clear()
    clock.advance(10)
    await keys.key("rsa-1")
    await asyncio.wait_for(server.asking.wait(), 5)
    server.may_answer.set()
