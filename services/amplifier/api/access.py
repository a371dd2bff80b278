"""What the amplifier's routes have in common: how they look before they write, and what they refuse."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Annotated

from fastapi import Depends, Request

from services.amplifier.domain.admission import Inadmissible
from services.amplifier.domain.intake import BadRows
from services.amplifier.domain.lifecycle import (
    NotAllowed,
    NothingToRestate,
    OutOfOrder,
    SamePerson,
    WrongState,
)
from services.amplifier.domain.measurement_rows import BadFile
from services.amplifier.domain.proof import NoProof
from services.chassis.actor import Actor
from services.chassis.etags import ExpectedVersion, if_match
from services.chassis.problems import Conflict, Forbidden, Unprocessable
from services.chassis.runtime import runtime_of
from services.chassis.unit_of_work import UnitOfWork

Expected = Annotated[ExpectedVersion, Depends(if_match)]

_CONFLICTS: dict[type[NotAllowed], str] = {
    WrongState: "wrong_state",
    OutOfOrder: "out_of_order",
    NothingToRestate: "nothing_to_restate",
}


def looking(request: Request, actor: Actor) -> AbstractAsyncContextManager[UnitOfWork]:
    """A unit of work of its own, to read what a peer is then asked about; the request's own stays untouched,
    as no peer is called inside a transaction."""
    return runtime_of(request).database.unit_of_work(actor)


@contextmanager
def as_problems() -> Iterator[None]:
    """What the domain raises in the block leaves it as a problem."""
    try:
        yield
    except SamePerson as error:
        raise Forbidden(str(error), code="second_person_needed") from error
    except NotAllowed as error:
        raise Conflict(str(error), code=_CONFLICTS[type(error)]) from error
    except NoProof as error:
        raise Conflict(str(error), code="no_proof") from error
    except Inadmissible as error:
        raise Unprocessable(error.reason, code="inadmissible", errors=error.findings) from error
    except BadRows as error:
        raise Unprocessable(str(error), code="bad_rows", errors=error.findings) from error
    except BadFile as error:
        raise Unprocessable(str(error), code="bad_file", errors=error.findings) from error
