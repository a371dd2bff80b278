"""Which account a caller is bound to: a customer sees what belongs to the one that its token names."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.chassis import problems
from services.chassis.access import CurrentPrincipal

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
