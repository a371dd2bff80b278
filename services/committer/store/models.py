"""What is known of the architect's models, from its events: which versions were approved, and superseded."""

from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis.unit_of_work import UnitOfWork
from services.committer.store.base import Base
from services.schemas.events.architect import ModelApproved, ModelSuperseded


class ModelVersionRow(Base):
    """An approved version of a model."""

    __tablename__ = "model_versions"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    model_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    version_hash: Mapped[str]
    account_id: Mapped[UUID]
    name: Mapped[str]
    owner: Mapped[str]
    superseded_by: Mapped[int | None]


class ModelVersions:
    """The model versions that one unit of work's tenant knows of."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def note(self, event: ModelApproved | ModelSuperseded) -> None:
        """Keeps what an event says of a version. The two may come in either order: what was superseded once
        stays so."""
        superseded_by = event.superseded_by_version if isinstance(event, ModelSuperseded) else None
        statement = insert(ModelVersionRow).values(
            tenant_id=self._uow.actor.tenant,
            model_id=event.model_id,
            version=event.version,
            version_hash=event.version_hash,
            account_id=event.account_id,
            name=event.name,
            owner=event.owner,
            superseded_by=superseded_by,
        )
        key = ["tenant_id", "model_id", "version"]
        if superseded_by is None:
            statement = statement.on_conflict_do_nothing(index_elements=key)
        else:
            statement = statement.on_conflict_do_update(
                index_elements=key, set_={"superseded_by": superseded_by}
            )
        await self._uow.session.execute(statement)

    async def successor(self, model_id: UUID, version: int) -> int | None:
        """The version that superseded this one, as far as is known."""
        key = tuple_(ModelVersionRow.model_id, ModelVersionRow.version)
        statement = select(ModelVersionRow.superseded_by).where(key == (model_id, version))
        found: int | None = await self._uow.session.scalar(statement)
        return found
