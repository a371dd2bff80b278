"""Who may do what: dependencies that authenticate a request, check its scope and open its unit of work."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from services.chassis import idempotency, problems
from services.chassis.actor import Actor
from services.chassis.authentication import principal_of
from services.chassis.principal import Principal
from services.chassis.runtime import runtime_of
from services.chassis.transaction import RequestTransaction
from services.chassis.unit_of_work import UnitOfWork


class _Bearer(SecurityBase):
    """The scheme as OpenAPI knows it, and the dependency that asks for it: one step of FastAPI's, not two."""

    model = HTTPBearer(bearerFormat="JWT")
    scheme_name = "bearer"

    async def __call__(self, request: Request, scopes: SecurityScopes) -> Principal:
        """The request's principal, once it has every scope that is asked of it.

        Raises:
            Forbidden: a scope is missing.
        """
        principal = await principal_of(request)
        for scope in scopes.scopes:
            if not principal.has(scope):
                raise problems.Forbidden(f"This needs the scope {scope}.", code="missing_scope")
        return principal


authenticated = _Bearer()


def requires(scope: str) -> Any:
    """The dependency of a route that needs a scope: `dependencies=[requires("architect:read")]`."""
    return Security(authenticated, scopes=[scope])


CurrentPrincipal = Annotated[Principal, Security(authenticated)]


def open_unit_of_work(request: Request, actor: Actor) -> UnitOfWork:
    """The request's one unit of work, which `ServiceRoute` commits: opened for an actor at its first use."""
    runtime = runtime_of(request)
    transaction: RequestTransaction = request.state.transaction
    if transaction.unit_of_work is None:
        transaction.unit_of_work = runtime.database.unit_of_work(actor)
        transaction.committed.append(runtime.relay.wake)
    return transaction.unit_of_work


async def _open(request: Request, principal: CurrentPrincipal) -> UnitOfWork:
    return open_unit_of_work(request, Actor(principal.tenant, principal.sub))


Work = Annotated[UnitOfWork, Depends(_open)]
"""The request's unit of work; `ServiceRoute` commits it."""

_KEY_DOC = "Makes a retry safe: the same key and body get the first answer, with no second effect."
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$", description=_KEY_DOC),
]


async def claim_key(request: Request, uow: UnitOfWork, principal: Principal, key: str | None) -> None:
    """Takes the request's idempotency key, if it has one, for what the unit of work is about to do.

    Raises:
        Answered: the key has an answer.
        KeyReused, KeyInFlight: it is another request's.
    """
    transaction: RequestTransaction = request.state.transaction
    if key is not None and transaction.keeper is None:
        scope = idempotency.Scope(
            tenant=principal.tenant,
            sub=principal.sub,
            method=request.method,
            route=request.scope["route"].path,
            key=key,
        )
        request_hash = await idempotency.hash_of(request)
        database = runtime_of(request).database
        transaction.keeper = await idempotency.claim(database, uow, scope, request_hash)


async def _open_idempotent(
    request: Request, uow: Work, principal: CurrentPrincipal, idempotency_key: IdempotencyKey = None
) -> UnitOfWork:
    await claim_key(request, uow, principal, idempotency_key)
    return uow


IdempotentWork = Annotated[UnitOfWork, Depends(_open_idempotent)]
"""The unit of work of a POST that changes state: it honours `Idempotency-Key`."""
