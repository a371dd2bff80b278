"""What the rules refuse, as problems that HTTP knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from services.chassis.problems import Conflict, Forbidden, Unprocessable
from services.chassis.unit_of_work import UnitOfWork
from services.executor.domain.admission import Inadmissible
from services.executor.domain.lifecycle import SamePerson, WrongState
from services.executor.store.plans import PlanRow
from services.schemas.network_order import CannotSchedule
from services.schemas.periods import local_day
from services.schemas.problem import FieldError


@contextmanager
def as_problems() -> Iterator[None]:
    """What the domain raises in the block leaves it as a problem."""
    try:
        yield
    except WrongState as error:
        raise Conflict(str(error), code="wrong_state") from error
    except SamePerson as error:
        raise Forbidden(str(error), code="second_person_needed") from error
    except CannotSchedule as error:
        raise Unprocessable(str(error), code="cannot_schedule", errors=error.findings) from error
    except Inadmissible as error:
        raise Unprocessable(error.reason, code="inadmissible", errors=error.findings) from error


def today(plan: PlanRow, uow: UnitOfWork) -> date:
    """The local day of the contract."""
    return local_day(uow.clock.now(), plan.time_zone)


def refuse_future(day: date | None, plan: PlanRow, uow: UnitOfWork, *, pointer: str) -> None:
    """Raises:
    Unprocessable: the day has not begun where the contract is.
    """
    if day is not None and day > today(plan, uow):
        raise out_of_range("What has happened is not in the future.", pointer)


def out_of_range(detail: str, pointer: str) -> Unprocessable:
    """The refusal of one field's value."""
    return Unprocessable(detail, code="out_of_range", errors=[FieldError(pointer=pointer, detail=detail)])
