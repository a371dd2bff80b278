"""Which tokens hold, and why the others do not."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

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


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


def verifier_of(clock: MovableClock) -> TokenVerifier:
    return TokenVerifier("value-architect", clock=clock, internal_secret=INTERNAL, development_secret=SECRET)


def verifier_at(time: datetime) -> TokenVerifier:
    return verifier_of(MovableClock(time))


@pytest.fixture
def verifier(clock: MovableClock) -> TokenVerifier:
    return verifier_of(clock)


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


def part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def raw(header: str, body: str, signature: str = "") -> str:
    return f"{part(header)}.{part(body)}.{signature}"


def unsigned() -> str:
    return raw('{"alg": "none"}', json.dumps(claims()))


def tampered() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{part(json.dumps(claims(sub='root')))}.{signature}"


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
    with_roles = jwt.encode(
        claims(iss="valueverse-internal", aud="value-architect", roles=["operator"]), INTERNAL
    )
    assert (await verifier.verify(with_roles)).scopes == frozenset()


async def test_an_internal_token_lasts_a_minute(verifier: TokenVerifier, clock: MovableClock) -> None:
    token = internal()
    clock.advance(60)
    await verifier.verify(token)
    clock.advance(6)
    with pytest.raises(TokenInvalid, match="expired"):
        await verifier.verify(token)


HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    "no algorithm": (unsigned, "algorithm"),
    "another secret": (lambda: signed("not-the-secret-of-anybody-0000000000"), "signature"),
    "another algorithm": (lambda: signed(SECRET * 2, "HS512"), "algorithm"),
    "an algorithm that is no name": (lambda: raw('{"alg": ["HS256"]}', json.dumps(claims())), "algorithm"),
    "changed after signing": (tampered, "signature"),
    "expired": (lambda: signed(exp=NOW.timestamp() - 60), "expired"),
    "not yet valid": (lambda: signed(nbf=NOW.timestamp() + 60), "not valid yet"),
    "never expires": (lambda: signed(exp=None), "claim exp is missing"),
    "expires at a text": (lambda: signed(exp="tomorrow"), "claim exp"),
    "expires in infinity": (lambda: signed(exp=float("inf")), "claim exp"),
    "expires at no number": (lambda: signed(exp=float("nan")), "claim exp"),
    "expires beyond all numbers": (lambda: signed(exp=10**400), "claim exp"),
    "for somebody else": (lambda: signed(aud="somebody"), "somebody else"),
    "for nobody": (lambda: signed(aud=None), "claim aud is missing"),
    "of nobody": (lambda: signed(sub=None), "claim sub is missing"),
    "of a number": (lambda: signed(sub=1), "claim sub"),
    "a name that is too long": (lambda: signed(sub="a" * 201), "claim sub"),
    "a name of two lines": (lambda: signed(sub="ada\nlevel=info"), "claim sub"),
    "a name that no database keeps": (lambda: signed(sub="ada\0"), "claim sub"),
    "no tenant": (lambda: signed(tenant=None), "claim tenant is missing"),
    "a tenant that is no uuid": (lambda: signed(tenant="acme"), "claim tenant"),
    "roles that are no list": (lambda: signed(roles="operator"), "claim roles"),
    "an account that is no text": (lambda: signed(account={"id": 1}), "claim account"),
    "an unknown issuer": (lambda: signed(iss="https://evil.example"), "issuer"),
    "an issuer that is no text": (lambda: raw('{"alg": "HS256"}', '{"iss": ["valueverse-dev"]}'), "issuer"),
    "no issuer": (lambda: signed(iss=None), "issuer"),
    "internal, for another service": (lambda: internal(audience="value-executor"), "somebody else"),
    "internal, for users": (lambda: internal(audience="valueverse"), "somebody else"),
    "internal, by the development secret": (lambda: internal(secret=SECRET), "signature"),
    "an extension that must be understood": (
        lambda: raw('{"alg": "HS256", "crit": ["x"]}', "{}"),
        "malformed",
    ),
    "too long": (lambda: signed(padding="x" * 9000), "too long"),
    "a header without an end": (lambda: raw('{"alg":' + "[" * 5000, "{}"), "malformed"),
    "a body without an end": (lambda: raw('{"alg": "HS256"}', "[" * 5000), "malformed"),
    "garbage": (lambda: "garbage", "malformed"),
    "garbage outside ASCII": (lambda: "é.ü.ß", "malformed"),
    "half a character": (lambda: "\ud800.a.b", "malformed"),
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


@given(st.text(max_size=60) | st.lists(st.from_regex(r"[A-Za-z0-9_-]{0,20}", fullmatch=True)).map(".".join))
async def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(TokenInvalid):
        await verifier_at(NOW).verify(text)


@given(place=st.integers(min_value=0), character=st.sampled_from("AQz09-_.="))
async def test_no_character_of_a_token_can_be_exchanged(place: int, character: str) -> None:
    token = signed()
    place %= len(token)
    assume(token[place] != character)
    with pytest.raises(TokenInvalid):
        await verifier_at(NOW).verify(token[:place] + character + token[place + 1 :])


@given(seconds=st.integers(min_value=-120, max_value=120))
async def test_a_token_holds_from_its_begin_to_its_end_and_five_seconds_more(seconds: int) -> None:
    verifier = verifier_at(NOW + timedelta(seconds=seconds))
    token = signed(nbf=NOW.timestamp(), exp=NOW.timestamp() + 60)
    if -5 <= seconds <= 65:
        assert (await verifier.verify(token)).sub == "ada"
    else:
        with pytest.raises(TokenInvalid, match="expired" if seconds > 0 else "not valid yet"):
            await verifier.verify(token)
