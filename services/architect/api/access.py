"""What the architect's routes ask of whoever calls, and how they look before they write."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.chassis import problems
from services.chassis.access import CurrentPrincipal
from services.chassis.actor import Actor
from services.chassis.etags import ExpectedVersion, if_match
from services.chassis.runtime import runtime_of
from services.chassis.unit_of_work import UnitOfWork

Expected = Annotated[ExpectedVersion, Depends(if_match)]

_CUSTOMER = "customer"


async def own_account(principal: CurrentPrincipal) -> UUID | None:
    """The one account that a customer sees; None for whoever sees them all.

    Raises:
        Forbidden: a customer's token names no account.
    """
    if principal.account is None:
        if _CUSTOMER in principal.roles:
            raise problems.Forbidden("A customer's token names its account.", code="no_account")
        return None
    try:
        return UUID(principal.account)
    except ValueError:
        raise problems.Forbidden("The token's account is not an id.", code="no_account") from None


OwnAccount = Annotated[UUID | None, Depends(own_account)]


def looking(request: Request, actor: Actor) -> AbstractAsyncContextManager[UnitOfWork]:
    """A unit of work of its own, to read what a peer is then asked about; the request's own stays untouched,
    as no peer is called inside a transaction."""
    return runtime_of(request).database.unit_of_work(actor)
