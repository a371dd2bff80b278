"""The amplifier as its container runs it, but for one thing: it takes on no success plan."""

from services.amplifier import events
from services.chassis.commands import Refused
from services.chassis.unit_of_work import UnitOfWork
from services.launcher.serve_one import serve_one
from services.schemas.commands import CreateSuccessPlan

REASON = "Nobody is free to measure this."


async def refuse(uow: UnitOfWork, command: CreateSuccessPlan) -> None:
    """In the place of `create_success_plan`."""
    raise Refused(REASON)


if __name__ == "__main__":
    events.create_success_plan = refuse
    serve_one("amplifier")
