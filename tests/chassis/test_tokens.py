"""Which tokens hold, and why the others do not."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.chassis.clock import MovableClock
from services.chassis.tokens import (
    TokenInvalid,
    TokenVerifier,
    mint_development_token,
    mint_internal_token,
)

SECRET = "the-development-secret-of-the-tests-0"
INTERNAL = "the-internal-secret-of-the-tests-0000"
TENANT = UUID("0197c1c5-0000-7000-8000-000000000001")
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)

RSA_PUBLIC = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def verifier(clock: MovableClock) -> TokenVerifier:
    return TokenVerifier("value-architect", clock=clock, internal_secret=INTERNAL, development_secret=SECRET)


def development(**changes: Any) -> str:
    fields: dict[str, Any] = {
        "secret": SECRET,
        "tenant": TENANT,
        "sub": "ada",
        "now": NOW,
        "ttl": timedelta(hours=1),
        "roles": ["value-engineer"],
    }
    return mint_development_token(**{**fields, **changes})


def internal(**changes: Any) -> str:
    fields: dict[str, Any] = {
        "secret": INTERNAL,
        "audience": "value-architect",
        "tenant": TENANT,
        "actor": "ada",
        "scope": "architect:read",
        "now": NOW,
    }
    return mint_internal_token(**{**fields, **changes})


def claims(**changes: Any) -> dict[str, Any]:
    sound = {
        "iss": "valueverse-dev",
        "aud": "valueverse",
        "sub": "ada",
        "tenant": str(TENANT),
        "exp": NOW.timestamp() + 60,
    }
    return {name: value for name, value in {**sound, **changes}.items() if value is not None}


def signed(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), secret, algorithm=algorithm)


def unsigned(header: dict[str, Any], body: dict[str, Any]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, body))
    return b".".join([*parts, b""]).decode()


def tampered() -> str:
    head, _, tail = signed().partition(".")
    _, _, signature = tail.partition(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub="root")).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


async def test_a_development_token_names_who_and_what(verifier: TokenVerifier) -> None:
    principal = await verifier.verify(development(scopes=["executor:write"]))
    assert (principal.sub, principal.tenant, principal.internal) == ("ada", TENANT, False)
    assert principal.has("architect:write")
    assert principal.has("executor:write")
    assert not principal.has("architect:approve")


async def test_an_unknown_role_gives_nothing(verifier: TokenVerifier) -> None:
    principal = await verifier.verify(development(roles=["emperor"]))
    assert principal.scopes == frozenset()


async def test_an_internal_token_gives_its_call_s_scope_alone(verifier: TokenVerifier) -> None:
    principal = await verifier.verify(internal())
    assert principal.internal
    assert principal.scopes == {"architect:read"}


async def test_an_internal_token_lasts_a_minute(verifier: TokenVerifier, clock: MovableClock) -> None:
    token = internal()
    clock.advance(60)
    await verifier.verify(token)
    clock.advance(6)
    with pytest.raises(TokenInvalid, match="expired"):
        await verifier.verify(token)


HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    "no algorithm": (lambda: unsigned({"alg": "none", "typ": "JWT"}, claims()), "algorithm"),
    "another secret": (lambda: signed("not-the-secret-of-anybody-0000000000"), "signature"),
    "another algorithm": (lambda: signed(SECRET * 2, "HS512"), "algorithm"),
    "changed after signing": (tampered, "signature"),
    "expired": (lambda: signed(exp=NOW.timestamp() - 60), "expired"),
    "not yet valid": (lambda: signed(nbf=NOW.timestamp() + 60), "not valid yet"),
    "never expires": (lambda: signed(exp=None), "missing"),
    "expires at a text": (lambda: signed(exp="tomorrow"), "malformed|time"),
    "for somebody else": (lambda: signed(aud="somebody"), "somebody else"),
    "for nobody": (lambda: signed(aud=None), "missing"),
    "of nobody": (lambda: signed(sub=None), "missing"),
    "no tenant": (lambda: signed(tenant=None), "tenant"),
    "a tenant that is no uuid": (lambda: signed(tenant="acme"), "tenant"),
    "roles that are no list": (lambda: signed(roles="operator"), "roles"),
    "an unknown issuer": (lambda: signed(iss="https://evil.example"), "issuer"),
    "no issuer": (lambda: signed(iss=None), "issuer"),
    "internal, for another service": (lambda: internal(audience="value-executor"), "somebody else"),
    "internal, by the development secret": (lambda: internal(secret=SECRET), "signature"),
    "a name that is too long": (lambda: signed(sub="a" * 201), "sub"),
    "too long": (lambda: signed(padding="x" * 9000), "too long"),
    "garbage": (lambda: "garbage", "malformed"),
    "garbage outside ASCII": (lambda: "é.ü.ß", "malformed"),
    "empty": (lambda: "", "malformed"),
}


@pytest.mark.parametrize(("make", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_token_is_refused_with_its_reason(
    verifier: TokenVerifier, make: Callable[[], str], reason: str
) -> None:
    with pytest.raises(TokenInvalid, match=reason) as refusal:
        await verifier.verify(make())
    assert SECRET not in refusal.value.description


async def test_the_development_issuer_is_unknown_in_production(clock: MovableClock) -> None:
    production = TokenVerifier("value-architect", clock=clock, internal_secret=INTERNAL)
    with pytest.raises(TokenInvalid, match="issuer"):
        await production.verify(development())
