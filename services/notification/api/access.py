"""What routes ask for beside a scope: the recipient who calls, and the version that a change is based on."""

from typing import Annotated

from fastapi import Depends

from services.chassis.access import CurrentPrincipal, Work
from services.chassis.etags import ExpectedVersion, if_match
from services.chassis.roles import ROLES
from services.notification.store.recipients import RecipientRow, Recipients


async def _me(uow: Work, principal: CurrentPrincipal) -> RecipientRow:
    return await Recipients(uow).meet(principal.sub, principal.roles & ROLES.keys())


Me = Annotated[RecipientRow, Depends(_me)]
"""The caller as a recipient, made on first use. Their roles are what their token says."""

Expected = Annotated[ExpectedVersion, Depends(if_match)]
