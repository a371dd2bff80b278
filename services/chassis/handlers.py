"""What a service does about the events it consumes: one async function a payload model."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, Self, TypeVar
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from services.chassis.unit_of_work import UnitOfWork
from services.schemas.base import Document
from services.schemas.envelope import Envelope
from services.schemas.events import EventPayload

D = TypeVar("D", bound=Document)
P = TypeVar("P", bound=EventPayload)
P_co = TypeVar("P_co", bound=EventPayload, covariant=True)


class Poison(Exception):
    """A message that no retry will ever cure; it belongs among the dead letters at once.

    Poison
     ├── UnknownType      the service has no handler for the type
     └── InvalidPayload   `data` is not what the published language says
    """


class UnknownType(Poison):
    """The service has no handler for this type."""


class InvalidPayload(Poison):
    """The data is not what the published language says of this type."""

    @classmethod
    def of(cls, what: str, error: ValidationError) -> Self:
        """Names the fields at fault, without their values, which are a tenant's."""
        fields = "; ".join(f"/{'/'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return cls(f"{what}: {fields}")


class Resolver(Protocol):
    """What knows the handler of an envelope."""

    def resolve(self, envelope: Envelope) -> Callable[[UnitOfWork], Awaitable[None]]:
        """The handler, bound to what the envelope says.

        Raises:
            Poison: there is none, or the envelope's data does not validate.
        """
        ...


def data_of(envelope: Envelope, model: type[D]) -> D:
    """An envelope's data, validated.

    Raises:
        InvalidPayload: it is not what the model says.
    """
    try:
        # By way of JSON: strict mode then takes a list for a tuple and a text for a date, as they arrive.
        return model.model_validate_json(to_json(envelope.data))
    except ValidationError as error:
        raise InvalidPayload.of(envelope.type, error) from None


@dataclass(frozen=True, slots=True)
class Event(Generic[P_co]):
    """An event as a handler sees it.

    One aggregate's events may come out of order: `sequence` counts them densely from 1 per `subject`, so that
    a handler can drop the older. An `id` that comes twice is kept from it by the inbox.
    """

    id: UUID
    type: str
    subject: str
    sequence: int
    tenant: UUID
    actor: str
    occurred_at: datetime
    payload: P_co


Handler = Callable[[UnitOfWork, Event[P]], Awaitable[None]]


class Handlers:
    """A service's handlers by event type.

    A handler works in the unit of work it is given, in the event's tenant; it neither commits nor calls a
    peer. What it emits is committed with its effect.
    """

    def __init__(self, table: Mapping[str, tuple[type[EventPayload], Handler[Any]]] | None = None) -> None:
        self._by_type = dict(table or {})

    def on(self, payload: type[P]) -> Callable[[Handler[P]], Handler[P]]:
        """Registers the decorated function for a payload model.

        Raises:
            ValueError: the type has a handler already.
        """

        def register(handler: Handler[P]) -> Handler[P]:
            if payload.event_type in self._by_type:
                raise ValueError(f"{payload.event_type} has a handler already")
            self._by_type[payload.event_type] = (payload, handler)
            return handler

        return register

    def joined(self, other: "Handlers") -> "Handlers":
        """Both tables in one; where both handle a type, this one's handler stays."""
        return Handlers({**other.table, **self.table})

    @property
    def table(self) -> Mapping[str, tuple[type[EventPayload], Handler[Any]]]:
        """Payload model and handler by event type."""
        return self._by_type

    @property
    def types(self) -> frozenset[str]:
        """The types that are handled here."""
        return frozenset(self._by_type)

    def resolve(self, envelope: Envelope) -> Callable[[UnitOfWork], Awaitable[None]]:
        """The handler of an envelope, bound to its validated event.

        Raises:
            UnknownType: no handler is registered for the type.
            InvalidPayload: the data does not validate.
        """
        found = self._by_type.get(envelope.type)
        if found is None:
            raise UnknownType(f"No handler for {envelope.type}.")
        model, handler = found
        event = _event(envelope, model)

        def call(uow: UnitOfWork) -> Awaitable[None]:
            return handler(uow, event)

        return call


def _event(envelope: Envelope, model: type[P]) -> Event[P]:
    return Event(
        id=envelope.id,
        type=envelope.type,
        subject=envelope.subject,
        sequence=envelope.sequence,
        tenant=envelope.tenant,
        actor=envelope.actor,
        occurred_at=envelope.time,
        payload=data_of(envelope, model),
    )
