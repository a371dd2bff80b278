"""Endpoints: where a tenant's webhooks go, with the secrets that sign what goes there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.endpoints import OVERLAP, Disabled, EndpointState, is_given_up
from services.notification.domain.signing import new_secret
from services.notification.store.base import Base


class EndpointRow(Base):
    """A URL and what it is told of (no event types: of all); `version` is the ETag."""

    __tablename__ = "endpoints"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    url: Mapped[str]
    event_types: Mapped[list[str]]
    description: Mapped[str]
    state: Mapped[str]
    disabled_because: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so


class EndpointSecretRow(Base):
    """A secret of an endpoint: the current one, or the one before until it expires."""

    __tablename__ = "endpoint_secrets"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID]
    secret: Mapped[str]
    expires_at: Mapped[datetime | None]


class Endpoints:
    """The endpoints of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, fields: Mapping[str, Any]) -> tuple[EndpointRow, str]:
        """A new endpoint with its secret, which is told only here."""
        now = self._uow.clock.now()
        row = EndpointRow(
            tenant_id=self._uow.actor.tenant, id=new_id(), created_at=now, updated_at=now, **_columns(fields)
        )
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row, await self._new_secret(row)

    async def get(self, endpoint_id: UUID) -> EndpointRow:
        """Raises:
        NotFound: there is no such endpoint.
        """
        row = await self._uow.session.scalar(select(EndpointRow).where(EndpointRow.id == endpoint_id))
        if row is None:
            raise problems.NotFound("There is no such endpoint.")
        return row

    async def page(self, page: PageRequest) -> Sequence[EndpointRow]:
        """One page of the endpoints."""
        return (await self._uow.session.scalars(page.select(select(EndpointRow), EndpointRow.id))).all()

    async def of_event(self, event_type: str) -> Sequence[UUID]:
        """The active endpoints that are told of a type of event."""
        wanted = select(EndpointRow.id).where(
            EndpointRow.state == EndpointState.ACTIVE,
            or_(
                func.cardinality(EndpointRow.event_types) == 0, EndpointRow.event_types.contains([event_type])
            ),
        )
        return (await self._uow.session.scalars(wanted)).all()

    async def replace(self, row: EndpointRow, fields: Mapping[str, Any]) -> None:
        """Writes fields anew; one that is active again begins without failures.

        Raises:
            StaleDataError: somebody else changed it first.
        """
        stays_disabled = row.state == fields["state"] == EndpointState.DISABLED
        columns = _columns(fields) | ({"disabled_because": row.disabled_because} if stays_disabled else {})
        for name, value in columns.items():
            setattr(row, name, value)
        row.failing_since = None
        await self._touch(row)

    async def remove(self, row: EndpointRow) -> None:
        """Forgets an endpoint, with its secrets and every delivery to it."""
        await self._uow.session.delete(row)
        await self._uow.session.flush()

    async def rotate(self, row: EndpointRow) -> str:
        """A new secret, told only here; the one before signs too for the overlap, any older no more."""
        secrets = EndpointSecretRow
        mine = secrets.endpoint_id == row.id
        await self._uow.session.execute(delete(secrets).where(mine, secrets.expires_at.is_not(None)))
        expires_at = self._uow.clock.now() + OVERLAP
        await self._uow.session.execute(update(secrets).where(mine).values(expires_at=expires_at))
        await self._touch(row)
        return await self._new_secret(row)

    async def secrets_of(self, endpoint_id: UUID) -> tuple[str, ...]:
        """The secrets that sign just now, the newest first."""
        secrets = EndpointSecretRow
        valid = or_(secrets.expires_at.is_(None), secrets.expires_at > self._uow.clock.now())
        statement = select(secrets.secret).where(secrets.endpoint_id == endpoint_id, valid)
        return tuple(await self._uow.session.scalars(statement.order_by(secrets.id.desc())))

    async def note_success(self, endpoint_id: UUID) -> None:
        """An endpoint that answers is not failing."""
        await self._uow.session.execute(
            update(EndpointRow)
            .where(EndpointRow.id == endpoint_id, EndpointRow.failing_since.is_not(None))
            .values(failing_since=None)
        )

    async def note_failure(self, endpoint_id: UUID) -> Disabled | None:
        """Notes since when it fails; why it is disabled, if this was too long."""
        now = self._uow.clock.now()
        since = await self._uow.session.scalar(
            update(EndpointRow)
            .where(EndpointRow.id == endpoint_id)
            .values(failing_since=func.coalesce(EndpointRow.failing_since, now))
            .returning(EndpointRow.failing_since)
        )
        if since is None or not is_given_up(since, now):
            return None
        await self.disable(endpoint_id, Disabled.FAILING)
        return Disabled.FAILING

    async def disable(self, endpoint_id: UUID, because: Disabled) -> None:
        """Not by way of the row's version: whatever was changed meanwhile, nothing more is sent there."""
        await self._uow.session.execute(
            update(EndpointRow)
            .where(EndpointRow.id == endpoint_id, EndpointRow.state == EndpointState.ACTIVE)
            .values(
                state=EndpointState.DISABLED,
                disabled_because=because,
                version=EndpointRow.version + 1,
                updated_at=self._uow.clock.now(),
            )
        )

    async def _touch(self, row: EndpointRow) -> None:
        row.updated_at = self._uow.clock.now()
        await self._uow.session.flush()

    async def _new_secret(self, row: EndpointRow) -> str:
        secret = new_secret()
        self._uow.session.add(
            EndpointSecretRow(tenant_id=row.tenant_id, id=new_id(), endpoint_id=row.id, secret=secret)
        )
        await self._uow.session.flush()
        return secret


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    disabled = fields["state"] == EndpointState.DISABLED
    return {**fields, "disabled_because": Disabled.BY_HAND if disabled else None}
