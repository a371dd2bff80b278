"""Who is asking: the principal behind a request's token, found once a request and before its body is read."""

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param

from services.chassis import problems
from services.chassis.actor import Actor
from services.chassis.jwks import KeysAway
from services.chassis.principal import Principal
from services.chassis.runtime import Runtime, runtime_of
from services.chassis.telemetry.logs import bind_context
from services.chassis.tokens import TokenInvalid


async def principal_of(request: Request) -> Principal:
    """The principal of a request.

    Raises:
        Unauthenticated: there is no token, or it does not hold here.
        Forbidden: the tenant is unknown.
        TooManyRequests: the tenant's rate limit is reached.
        Unavailable: the token's issuer has not answered with its keys yet.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    principal = await _verified(runtime_of(request), request.headers.get("Authorization"))
    request.state.principal = principal
    return principal


async def _verified(runtime: Runtime, authorization: str | None) -> Principal:
    scheme, token = get_authorization_scheme_param(authorization)
    if scheme.lower() != "bearer" or not token:
        raise problems.Unauthenticated("Send a token: Authorization: Bearer <token>.")
    try:
        principal = await runtime.verifier.verify(token)
    except TokenInvalid as invalid:
        raise problems.Unauthenticated(invalid.description, error=invalid.error) from None
    except KeysAway:
        raise problems.Unavailable("The identity provider is away for the moment.") from None
    bind_context(tenant=str(principal.tenant), sub=principal.sub)
    decision = await runtime.limiter.check(principal.tenant)
    if not decision.allowed:
        raise problems.TooManyRequests("The tenant's rate limit is reached.", headers=decision.headers())
    await runtime.tenancy.admit(Actor(principal.tenant, principal.sub))
    return principal
