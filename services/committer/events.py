"""What the committer handles of the events that others emit.

Events of one success plan or milestone may come out of order: their `sequence` tells the newer from the
older, a restatement waits for its period to be closed, and a closed period for its contract to be in force.
Events about contracts that nobody made here (of a plan made by hand) are passed over.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

from services.chassis.handlers import Event, Handlers, Poison
from services.chassis.problems import NotFound
from services.chassis.runtime import Runtime
from services.chassis.unit_of_work import UnitOfWork
from services.committer.store.contracts import ContractRow, Contracts
from services.committer.store.models import ModelVersions
from services.committer.store.results import PeriodResult, Results
from services.committer.store.settling import settle
from services.schemas.events.amplifier import PeriodClosed, PeriodRestated, RealisedValue
from services.schemas.events.architect import ModelApproved, ModelSuperseded
from services.schemas.events.executor import MilestoneAccepted, MilestoneRejected, PlanCompleted

_ON_THE_WAY = frozenset({"signed", "activating", "activation_failed"})


class TooEarly(Exception):
    """What this event follows has not been handled yet: it is tried again."""


def handlers(_runtime: Runtime) -> Handlers:
    """The handlers of one app."""
    table = Handlers()
    table.on(ModelApproved)(_note_model)
    table.on(ModelSuperseded)(_note_model)
    table.on(MilestoneAccepted)(_of_a_contract(_accepted))
    table.on(MilestoneRejected)(_of_a_contract(_rejected))
    table.on(PlanCompleted)(_of_a_contract(_delivered))
    table.on(PeriodClosed)(_of_a_contract(_closed))
    table.on(PeriodRestated)(_of_a_contract(_restated))
    return table


def _of_a_contract(
    handle: Callable[[UnitOfWork, ContractRow, Event[Any]], Awaitable[None]],
) -> Callable[[UnitOfWork, Event[Any]], Awaitable[None]]:
    """A handler that holds the event's contract, so that a contract's events take turns."""

    async def handle_held(uow: UnitOfWork, event: Event[Any]) -> None:
        contract = await _held(uow, event.payload.contract_id)
        if contract is not None:
            await handle(uow, contract, event)

    return handle_held


async def _held(uow: UnitOfWork, contract_id: UUID) -> ContractRow | None:
    try:
        return await Contracts(uow).held(contract_id)
    except NotFound:
        return None


async def _note_model(uow: UnitOfWork, event: Event[Any]) -> None:
    await ModelVersions(uow).note(event.payload)


async def _accepted(uow: UnitOfWork, contract: ContractRow, event: Event[MilestoneAccepted]) -> None:
    payload = event.payload
    results = Results(uow, contract.id)
    await results.note_milestone(payload.milestone, accepted_on=payload.accepted_on, sequence=event.sequence)
    if contract.state not in _ON_THE_WAY:
        await settle(uow, contract)


async def _rejected(uow: UnitOfWork, contract: ContractRow, event: Event[MilestoneRejected]) -> None:
    results = Results(uow, contract.id)
    await results.note_milestone(event.payload.milestone, accepted_on=None, sequence=event.sequence)


async def _delivered(uow: UnitOfWork, contract: ContractRow, _event: Event[PlanCompleted]) -> None:
    contract.delivered = True
    await Contracts(uow).touch(contract)


async def _closed(uow: UnitOfWork, contract: ContractRow, event: Event[PeriodClosed]) -> None:
    if contract.state in _ON_THE_WAY:
        raise TooEarly(f"The contract is {contract.state}.")
    payload = event.payload
    if contract.calendar.place_of(payload.period) is None:
        raise Poison(f"The contract has no period {payload.period}.")
    _require_currency(contract, payload.values)
    if contract.state == "active" and await Results(uow, contract.id).close(_result(event)):
        await settle(uow, contract)


async def _restated(uow: UnitOfWork, contract: ContractRow, event: Event[PeriodRestated]) -> None:
    results = Results(uow, contract.id)
    if event.payload.period not in await results.periods():
        if contract.state in {*_ON_THE_WAY, "active"}:
            raise TooEarly(f"The period {event.payload.period} is not closed.")
        return
    _require_currency(contract, event.payload.values)
    if await results.restate(_result(event)):
        await settle(uow, contract)


def _require_currency(contract: ContractRow, values: Iterable[RealisedValue]) -> None:
    """Raises:
    Poison: a value is not in the contract's currency; nothing converts.
    """
    if any(value.realised.currency != contract.currency for value in values):
        raise Poison(f"The contract is settled in {contract.currency}.")


def _result(event: Event[PeriodClosed] | Event[PeriodRestated]) -> PeriodResult:
    return PeriodResult(event.payload.period, event.sequence, event.payload.values)
