"""Recipients: the people of a tenant, by `sub`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.notification.domain.routing import Audience
from services.notification.store.base import Base


class RecipientRow(Base):
    """Somebody who can be told something; `version` is the ETag."""

    __tablename__ = "recipients"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    sub: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    locale: Mapped[str]
    time_zone: Mapped[str]
    roles: Mapped[list[str]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so


def _newcomer(sub: str, roles: Collection[str]) -> dict[str, Any]:
    """What a recipient begins with who was not entered by anybody."""
    unknown = {"email": None, "phone": None, "locale": "en", "time_zone": "UTC"}
    return {"name": sub, **unknown, "roles": sorted(roles)}


class Recipients:
    """The recipients of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, sub: str, fields: Mapping[str, Any]) -> RecipientRow:
        """Raises:
        Conflict: there is a recipient of this `sub` already.
        """
        if not await self._insert({sub: fields}):
            raise problems.Conflict("There is a recipient of this sub already.", code="recipient_exists")
        return (await self._of_subs([sub]))[sub]

    async def get(self, recipient_id: UUID) -> RecipientRow:
        """Raises:
        NotFound: there is no such recipient.
        """
        row = await self._uow.session.scalar(select(RecipientRow).where(RecipientRow.id == recipient_id))
        if row is None:
            raise problems.NotFound("There is no such recipient.")
        return row

    async def page(self, page: PageRequest, *, role: str | None = None) -> Sequence[RecipientRow]:
        """One page of the recipients, of those with a role if one is given."""
        statement = select(RecipientRow)
        if role is not None:
            statement = statement.where(RecipientRow.roles.contains([role]))
        return (await self._uow.session.scalars(page.select(statement, RecipientRow.id))).all()

    async def replace(self, row: RecipientRow, fields: Mapping[str, Any]) -> None:
        """Writes fields anew; the row's version moves on.

        Raises:
            StaleDataError: somebody else changed it first.
        """
        for name, value in fields.items():
            setattr(row, name, value)
        row.updated_at = self._uow.clock.now()
        await self._uow.session.flush()

    async def remove(self, row: RecipientRow) -> None:
        """Forgets somebody, and with them every message to them."""
        await self._uow.session.delete(row)
        await self._uow.session.flush()

    async def meet(self, sub: str, roles: Collection[str]) -> RecipientRow:
        """Whoever comes with a token, made on first use; the token's roles become theirs, if it names any."""
        row = (await self._met([sub], roles))[sub]
        if roles and set(roles) != set(row.roles):
            await self._learn_roles(row, sorted(roles))
        return row

    async def in_audience(self, audience: Audience) -> list[RecipientRow]:
        """The recipients whom an event concerns; whoever it names is made on first use."""
        await self._met(audience.subs)
        statement = select(RecipientRow).where(
            or_(RecipientRow.sub.in_(audience.subs), RecipientRow.roles.overlap(list(audience.roles))),
            RecipientRow.sub.not_in(audience.without),
        )
        return list((await self._uow.session.scalars(statement.order_by(RecipientRow.id))).all())

    async def names(self, subs: Collection[str]) -> dict[str, str]:
        """What people are called, as far as they are known."""
        return {sub: row.name for sub, row in (await self._of_subs(subs)).items()}

    async def _met(self, subs: Collection[str], roles: Collection[str] = ()) -> dict[str, RecipientRow]:
        """Recipients by sub; the new among them begin with the roles."""
        found = await self._of_subs(subs)
        missing = {sub: _newcomer(sub, roles) for sub in sorted(set(subs) - found.keys())}
        if missing:
            await self._insert(missing)
            found = await self._of_subs(subs)
        return found

    async def _of_subs(self, subs: Collection[str]) -> dict[str, RecipientRow]:
        rows = await self._uow.session.scalars(select(RecipientRow).where(RecipientRow.sub.in_(subs)))
        return {row.sub: row for row in rows}

    async def _insert(self, people: Mapping[str, Mapping[str, Any]]) -> bool:
        """Makes those who are not there yet; whether all of them were made."""
        now = self._uow.clock.now()
        always = {"tenant_id": self._uow.actor.tenant, "version": 1, "created_at": now, "updated_at": now}
        rows = [{**always, "id": new_id(), "sub": sub, **fields} for sub, fields in people.items()]
        statement = insert(RecipientRow).values(rows).on_conflict_do_nothing().returning(RecipientRow.id)
        return len((await self._uow.session.execute(statement)).all()) == len(rows)

    async def _learn_roles(self, row: RecipientRow, roles: list[str]) -> None:
        """Not by way of the row's version: two first requests of one person must both succeed."""
        await self._uow.session.execute(
            update(RecipientRow)
            .where(RecipientRow.id == row.id, RecipientRow.roles != roles)
            .values(roles=roles, version=RecipientRow.version + 1, updated_at=self._uow.clock.now())
            .execution_options(synchronize_session=False)
        )
        await self._uow.session.refresh(row)
