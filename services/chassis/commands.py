"""Taking part in sagas: what a service does when another's saga commands it, and what it answers.

The effect, the note of the command and the reply are committed in one transaction. A command that comes
again is answered again, and has no second effect. A compensation undoes only what was done: where its step
was never done it is answered as done, and the step's command, should it come later, is refused.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import exists, func, insert, select

from services.chassis.handlers import UnknownType, data_of
from services.chassis.tables import handled_commands as handled
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.commands import CommandPayload
from services.schemas.envelope import REPLY_TYPE, CommandEnvelope, CommandHeader, Reply

C = TypeVar("C", bound=CommandPayload)
C_co = TypeVar("C_co", bound=CommandPayload, covariant=True)

_LONGEST_REASON = 4000


class Refused(Exception):
    """A participant will not do what it was commanded; the reason is for people, and the saga keeps it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason[:_LONGEST_REASON]


@dataclass(frozen=True, slots=True)
class Command(Generic[C_co]):
    """A command as its handler sees it; `id` stays the same however often it is sent (`attempt` counts)."""

    id: UUID
    type: str
    saga_id: UUID
    step: str
    compensation: bool
    attempt: int
    deadline: datetime | None
    tenant: UUID
    actor: str
    payload: C_co


CommandHandler = Callable[[UnitOfWork, Command[C]], Awaitable[None]]


class Commands:
    """A participant's handlers by command type.

    A handler works in the unit of work it is given and neither commits nor calls a peer. It raises `Refused`
    to say no: what it did until then is undone, and the reason is the answer. Any other error is tried again.
    """

    def __init__(self) -> None:
        self._by_type: dict[str, tuple[type[CommandPayload], CommandHandler[Any]]] = {}

    def on(self, payload: type[C]) -> Callable[[CommandHandler[C]], CommandHandler[C]]:
        """Registers the decorated function for a payload model.

        Raises:
            ValueError: the type has a handler already.
        """

        def register(handler: CommandHandler[C]) -> CommandHandler[C]:
            if payload.command_type in self._by_type:
                raise ValueError(f"{payload.command_type} has a handler already")
            self._by_type[payload.command_type] = (payload, handler)
            return handler

        return register

    @property
    def types(self) -> frozenset[str]:
        """The types that are handled here."""
        return frozenset(self._by_type)

    def resolve(self, envelope: CommandEnvelope) -> Callable[[UnitOfWork], Awaitable[None]]:
        """The handling of a command, bound to its validated payload.

        Raises:
            UnknownType: no handler is registered for the type.
            InvalidPayload: the data does not validate.
        """
        found = self._by_type.get(envelope.type)
        if found is None:
            raise UnknownType(f"No handler for {envelope.type}.")
        model, handler = found
        command = _command(envelope, model)

        async def answer(uow: UnitOfWork) -> None:
            reply = await _Participation(uow, command).reply_of(handler)
            if envelope.reply_to is not None:
                header = _header_of_reply(envelope, envelope.reply_to)
                await uow.send(REPLY_TYPE, reply, header, actor=envelope.actor)

        return answer


class _Participation:
    """One command in its transaction; those of one step of one saga take turns."""

    def __init__(self, uow: UnitOfWork, command: Command[Any]) -> None:
        self._uow = uow
        self._command = command

    async def reply_of(self, handler: CommandHandler[Any]) -> Reply:
        await self._take_turn()
        kept = await self._kept_reply()
        if kept is not None:
            return kept
        reply = await self._handle(handler)
        await self._keep(reply)
        return reply

    async def _handle(self, handler: CommandHandler[Any]) -> Reply:
        command = self._command
        if command.compensation and not await self._was_done(compensation=False):
            return Reply.done()
        if not command.compensation and await self._was_done(compensation=True):
            return Reply.refused(f"The saga had given up {command.step} before the command came.")
        try:
            async with self._uow.savepoint():
                await handler(self._uow, command)
        except Refused as refused:
            return Reply.refused(refused.reason)
        return Reply.done()

    async def _take_turn(self) -> None:
        turn = f"{self._command.saga_id}:{self._command.step}"
        await self._uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(turn, 0))))

    async def _kept_reply(self) -> Reply | None:
        known = select(handled.c.refusal).where(handled.c.command_id == self._command.id)
        row = (await self._uow.session.execute(known)).first()
        if row is None:
            return None
        return Reply.done() if row.refusal is None else Reply.refused(row.refusal)

    async def _was_done(self, *, compensation: bool) -> bool:
        """Whether the step's command (or its compensation) was done here."""
        done = exists().where(
            handled.c.saga_id == self._command.saga_id,
            handled.c.step == self._command.step,
            handled.c.compensation == compensation,
            handled.c.refusal.is_(None),
        )
        return bool(await self._uow.session.scalar(select(done)))

    async def _keep(self, reply: Reply) -> None:
        command = self._command
        await self._uow.session.execute(
            insert(handled).values(
                tenant_id=command.tenant,
                command_id=command.id,
                saga_id=command.saga_id,
                step=command.step,
                compensation=command.compensation,
                type=command.type,
                refusal=reply.reason,
            )
        )


def _command(envelope: CommandEnvelope, model: type[C]) -> Command[C]:
    return Command(
        id=envelope.command_id,
        type=envelope.type,
        saga_id=envelope.saga_id,
        step=envelope.step,
        compensation=envelope.compensation,
        attempt=envelope.attempt,
        deadline=envelope.deadline,
        tenant=envelope.tenant,
        actor=envelope.actor,
        payload=data_of(envelope, model),
    )


def _header_of_reply(command: CommandEnvelope, to: str) -> CommandHeader:
    return CommandHeader(
        to=to,
        saga_id=command.saga_id,
        step=command.step,
        command_id=command.command_id,
        attempt=command.attempt,
        compensation=command.compensation,
    )
