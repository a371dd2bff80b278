"""Tokens: what is checked of each, and how development and internal ones are made.

    TokenInvalid            401 at the door; `description` says why and never holds what was sent

Three kinds of issuer. `valueverse-dev` signs with `JWT_SECRET` (HS256), in development alone.
`valueverse-internal` signs what services send each other, with `INTERNAL_JWT_SECRET`: for one callee, one
minute, one call's scope. Production issuers sign with RS256 or ES256 and publish their keys (JWKS). A token's
`iss` chooses the issuer, the issuer the algorithms: a token never chooses how it is checked.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from jwt.types import Options
from pydantic import ValidationError

from services.chassis.claims import Claims
from services.chassis.clock import Clock
from services.chassis.ids import new_id
from services.chassis.issuers import IssuerSettings
from services.chassis.jwks import KeyNotFound, KeySet
from services.chassis.principal import Principal

DEVELOPMENT_ISSUER = "valueverse-dev"
INTERNAL_ISSUER = "valueverse-internal"
AUDIENCE = "valueverse"

_HS256 = ("HS256",)
_INTERNAL_LIFE = timedelta(seconds=60)
_LEEWAY_S = 5
_LONGEST = 8192

# The other claims are checked as `Claims`, the times by this service's clock.
_SIGNATURE_ALONE: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_sub": False,
    "verify_jti": False,
    "enforce_minimum_key_length": True,
}


class TokenInvalid(Exception):
    """The token does not hold here. `error` is RFC 6750's code."""

    def __init__(self, description: str, error: str = "invalid_token") -> None:
        super().__init__(description)
        self.description = description
        self.error = error


class TokenVerifier:
    """Checks tokens for one service: signature, algorithm, issuer, audience, times, and the claims it needs.

    `name` is the service's own: the audience of internal tokens that it takes.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        internal_secret: str,
        development_secret: str | None = None,
        issuers: Iterable[tuple[IssuerSettings, KeySet]] = (),
    ) -> None:
        self._name = name
        self._clock = clock
        self._internal_secret = internal_secret
        self._development_secret = development_secret
        self._issuers = {settings.issuer: (settings, keys) for settings, keys in issuers}

    async def verify(self, token: str) -> Principal:
        """The principal of a token.

        Raises:
            TokenInvalid: it is not valid here, and why.
            KeysAway: its issuer could not be asked for its keys yet; the token may be good.
        """
        issuer, header = _unverified(token)
        if issuer == INTERNAL_ISSUER:
            signed = _signed(token, self._internal_secret, _HS256, issuer, self._name)
            return self._claims(signed).internal_principal()
        if issuer == DEVELOPMENT_ISSUER and self._development_secret is not None:
            signed = _signed(token, self._development_secret, _HS256, issuer, AUDIENCE)
            return self._claims(signed).principal()
        if issuer not in self._issuers:
            raise TokenInvalid("The issuer is not known here.")
        settings, keys = self._issuers[issuer]
        if header.get("alg") not in settings.algorithms:
            raise TokenInvalid("The issuer does not sign with this algorithm.")
        try:
            key = await keys.key(header.get("kid", ""))
        except KeyNotFound:
            raise TokenInvalid("The issuer has no such key.") from None
        signed = _signed(token, key, settings.algorithms, issuer, settings.audience)
        return self._claims(settings.mapped(signed)).principal()

    def _claims(self, signed: Mapping[str, Any]) -> Claims:
        """The claims, typed, of a token whose time has come and not passed."""
        try:
            claims = Claims.model_validate(signed)
        except ValidationError as error:
            name = error.errors(include_url=False, include_input=False)[0]["loc"][0]
            raise TokenInvalid(f"The claim {name} is missing or not what it must be.") from None
        now = self._clock.now().timestamp()
        if now > claims.exp + _LEEWAY_S:
            raise TokenInvalid("The token has expired.")
        if claims.nbf is not None and now < claims.nbf - _LEEWAY_S:
            raise TokenInvalid("The token is not valid yet.")
        return claims


_REASONS: dict[type[jwt.PyJWTError], str] = {
    jwt.InvalidSignatureError: "The signature does not hold.",
    jwt.InvalidAlgorithmError: "The issuer does not sign with this algorithm.",
    jwt.InvalidAudienceError: "The token is for somebody else.",
    jwt.MissingRequiredClaimError: "The claim aud is missing.",
    jwt.InvalidKeyError: "The issuer's key is too short, or of another kind.",
}


def _signed(
    token: str, key: jwt.PyJWK | str, algorithms: Sequence[str], issuer: str, audience: str
) -> dict[str, Any]:
    """The claims under a signature that holds, of this issuer and for this audience."""
    try:
        signed: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(algorithms),
            issuer=issuer,
            audience=audience,
            options=_SIGNATURE_ALONE,
        )
    except jwt.PyJWTError as error:
        raise TokenInvalid(_REASONS.get(type(error), "The token is malformed.")) from None
    return signed


def _unverified(token: str) -> tuple[str, dict[str, Any]]:
    """What a token says of itself: only good for choosing how to check it."""
    if len(token) > _LONGEST:
        raise TokenInvalid("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        raise TokenInvalid("The token is malformed.") from None
    return str(claims.get("iss", "")), header


def mint_development_token(
    *,
    secret: str,
    tenant: UUID,
    sub: str,
    now: datetime,
    ttl: timedelta,
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    account: str | None = None,
) -> str:
    """A token of the development issuer."""
    claims = {
        "iss": DEVELOPMENT_ISSUER,
        "aud": AUDIENCE,
        "sub": sub,
        "tenant": str(tenant),
        "roles": list(roles),
        "scope": " ".join(scopes),
        "iat": int(now.timestamp()),
        "exp": int((now + ttl).timestamp()),
        "jti": str(new_id()),
        **({"account": account} if account else {}),
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def mint_internal_token(
    *, secret: str, audience: str, tenant: UUID, actor: str, scope: str, now: datetime
) -> str:
    """A token for one call from service to service, valid for a minute and for that call's scope alone."""
    claims = {
        "iss": INTERNAL_ISSUER,
        "aud": audience,
        "sub": actor,
        "tenant": str(tenant),
        "scope": scope,
        "iat": int(now.timestamp()),
        "exp": int((now + _INTERNAL_LIFE).timestamp()),
        "jti": str(new_id()),
    }
    return jwt.encode(claims, secret, algorithm="HS256")
