"""Who may do what: the dependencies that authenticate a request, check its scope and open its unit of work."""


from typing import Annotated, Any

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from services.chassis import idempotency, problems
from services.chassis.actor import Actor
from services.chassis.principal import Principal
from services.chassis.runtime import Runtime, runtime_of
from services.chassis.telemetry.logs import bind_context
from services.chassis.tokens import TokenInvalid
from services.chassis.transaction import RequestTransaction
from services.chassis.unit_of_work import UnitOfWork

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", bearerFormat="JWT")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def authenticated(request: Request, scopes: SecurityScopes, credentials: Credentials) -> Principal:
    """The principal behind a request's token, checked once a request and for each scope that is asked of it.

    Raises:
        Unauthenticated: there is no token, or it does not hold here.
        Forbidden: a scope is missing, or the tenant is unknown.
        TooManyRequests: the tenant's rate limit is reached.
    """
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:
        principal = await _authenticate(runtime_of(request), credentials)
        request.state.principal = principal
    for scope in scopes.scopes:
        if not principal.has(scope):
            raise problems.Forbidden(f"This needs the scope {scope}.", code="missing_scope")
    return principal


async def _authenticate(runtime: Runtime, credentials: HTTPAuthorizationCredentials | None) -> Principal:
    if credentials is None:
        raise problems.Unauthenticated("Send a token: Authorization: Bearer <token>.")
    try:
        principal = await runtime.verifier.verify(credentials.credentials)
    except TokenInvalid as invalid:
        raise problems.Unauthenticated(invalid.description, error=invalid.error) from None
    bind_context(tenant=str(principal.tenant), sub=principal.sub)
    await _keep_to_the_limit(runtime, principal)
    await runtime.tenancy.admit(Actor(principal.tenant, principal.sub))
    return principal


async def _keep_to_the_limit(runtime: Runtime, principal: Principal) -> None:
    decision = await runtime.limiter.check(str(principal.tenant))
    if not decision.allowed:
        raise problems.TooManyRequests("The tenant's rate limit is reached.", headers=decision.headers())


def requires(scope: str) -> Any:
    """The dependency of a route that needs a scope: `dependencies=[requires("architect:read")]`."""
    return Security(authenticated, scopes=[scope])


CurrentPrincipal = Annotated[Principal, Security(authenticated)]


async def _open(request: Request, principal: CurrentPrincipal) -> UnitOfWork:
    runtime = runtime_of(request)
    transaction: RequestTransaction = request.state.transaction
    if transaction.unit_of_work is None:
        transaction.unit_of_work = runtime.database.unit_of_work(Actor(principal.tenant, principal.sub))
        transaction.committed.append(runtime.relay.wake)
    return transaction.unit_of_work


Work = Annotated[UnitOfWork, Depends(_open)]
"""The request's unit of work; `ServiceRoute` commits it."""

_KEY_DOC = "Makes a retry safe: the same key and body get the first answer, with no second effect."
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$", description=_KEY_DOC),
]


async def _open_idempotent(
    request: Request, uow: Work, principal: CurrentPrincipal, idempotency_key: IdempotencyKey = None
) -> UnitOfWork:
    transaction: RequestTransaction = request.state.transaction
    if idempotency_key is not None and transaction.keeper is None:
        scope = idempotency.Scope(
            tenant=principal.tenant,
            sub=principal.sub,
            method=request.method,
            route=request.scope["route"].path,
            key=idempotency_key,
        )
        request_hash = await idempotency.hash_of(request)
        database = runtime_of(request).database
        transaction.keeper = await idempotency.claim(database, uow, scope, request_hash)
    return uow


IdempotentWork = Annotated[UnitOfWork, Depends(_open_idempotent)]
"""The unit of work of a POST that changes state: it honours `Idempotency-Key`."""

