"""What the architect's routes ask of whoever calls, and how they look before they write."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated

from fastapi import Depends, Request

from services.chassis.actor import Actor
from services.chassis.etags import ExpectedVersion, if_match
from services.chassis.runtime import runtime_of
from services.chassis.unit_of_work import UnitOfWork

Expected = Annotated[ExpectedVersion, Depends(if_match)]


def looking(request: Request, actor: Actor) -> AbstractAsyncContextManager[UnitOfWork]:
    """A unit of work of its own, to read what a peer is then asked about; the request's own stays untouched,
    as no peer is called inside a transaction."""
    return runtime_of(request).database.unit_of_work(actor)
