"""Models and their versions: what is drafted, reviewed and, once approved, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Mapped, defer, mapped_column
from sqlalchemy.orm.attributes import flag_modified

from services.architect.domain.drafts import Draft
from services.architect.domain.figures import ModelFigures
from services.architect.domain.lifecycle import State, Version
from services.architect.store.base import Base
from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.paging import PageRequest
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.canonical import content_hash
from services.schemas.problem import FieldError


class ModelRow(Base):
    """A model; `version` is its ETag and moves with every change of it or of its current version."""

    __tablename__ = "models"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    account_id: Mapped[UUID]
    name: Mapped[str]
    owner: Mapped[str]
    source: Mapped[str]
    current_number: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so


class VersionRow(Base):
    """One version of a model: the document, where it stands, and what the engine made of it."""

    __tablename__ = "model_versions"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    model_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    document: Mapped[dict[str, Any]]
    version_hash: Mapped[str]
    check_state: Mapped[str]
    check_after: Mapped[datetime]
    figures: Mapped[dict[str, Any] | None]
    findings: Mapped[list[dict[str, Any]]]
    authors: Mapped[list[str]]
    requested_by: Mapped[str | None]
    returned_reason: Mapped[str | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    def life(self, owner: str) -> Version:
        """The version as far as its life goes."""
        return Version(
            number=self.number,
            owner=owner,
            authors=frozenset(self.authors),
            state=cast(State, self.state),
            requested_by=self.requested_by,
            approved_by=self.approved_by,
        )

    def live(self, life: Version) -> None:
        """Writes down where the version's life has led."""
        self.state = life.state
        self.authors = sorted(life.authors)
        self.requested_by = life.requested_by
        self.approved_by = life.approved_by

    def hold(self, draft: Draft, now: datetime) -> None:
        """Puts a document into the version; one without figures is to be checked."""
        self.document = draft.document.model_dump(mode="json")
        self.version_hash = content_hash(draft.document)
        self.check_state = draft.check_state
        self.check_after = now
        self.figures = None if draft.figures is None else draft.figures.model_dump(mode="json")
        self.findings = []


@dataclass(frozen=True, slots=True)
class Model:
    """A model with its current version."""

    row: ModelRow
    current: VersionRow

    @property
    def life(self) -> Version:
        return self.current.life(self.row.owner)


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """What a list of models is narrowed to; None means any."""

    account_id: UUID | None = None
    state: str | None = None
    owner: str | None = None

    def applied_to(self, statement: Select[ModelRow, VersionRow]) -> Select[ModelRow, VersionRow]:
        if self.account_id is not None:
            statement = statement.where(ModelRow.account_id == self.account_id)
        if self.state is not None:
            statement = statement.where(VersionRow.state == self.state)
        if self.owner is not None:
            statement = statement.where(ModelRow.owner == self.owner)
        return statement


class Models:
    """The models of one unit of work's tenant; `only` narrows them to the account a customer may see."""

    def __init__(self, uow: UnitOfWork, only: UUID | None = None) -> None:
        self._uow = uow
        self._only = only

    async def add(self, *, account_id: UUID, name: str, source: str, draft: Draft) -> Model:
        """A new model, owned by the actor, with its first version."""
        actor, now = self._uow.actor, self._uow.clock.now()
        row = ModelRow(
            tenant_id=actor.tenant,
            id=new_id(),
            account_id=account_id,
            name=name,
            owner=actor.sub,
            source=source,
            current_number=1,
            created_at=now,
            updated_at=now,
        )
        self._uow.session.add(row)
        await self._uow.session.flush()
        life = Version(number=1, owner=actor.sub, authors=frozenset({actor.sub}))
        return Model(row, await self._add_version(row.id, life, draft))

    async def add_version(self, model: Model, life: Version, draft: Draft) -> Model:
        """The model with a further version, which is the current one from now on."""
        model.row.current_number = life.number
        return Model(model.row, await self._add_version(model.row.id, life, draft))

    async def get(self, model_id: UUID) -> Model:
        """Raises:
        NotFound: there is no such model to see.
        """
        found = (await self._uow.session.execute(_CURRENT.where(ModelRow.id == model_id))).one_or_none()
        if found is None or self._only not in {None, found[0].account_id}:
            raise problems.NotFound("There is no such model.")
        return Model(found[0], found[1])

    async def page(self, page: PageRequest, wanted: ModelFilter) -> Sequence[Model]:
        """One page of the models, without their documents."""
        statement = wanted.applied_to(_CURRENT)
        if self._only is not None:
            statement = statement.where(ModelRow.account_id == self._only)
        found = await self._uow.session.execute(
            page.select(statement, ModelRow.id).options(_WITHOUT_DOCUMENT)
        )
        return [Model(row, current) for row, current in found]

    async def versions(self, model: Model) -> Sequence[VersionRow]:
        """Every version, the newest first, without their documents."""
        statement = (
            select(VersionRow).where(VersionRow.model_id == model.row.id).order_by(VersionRow.number.desc())
        )
        return (await self._uow.session.scalars(statement)).all()

    async def version(self, model: Model, number: int) -> VersionRow:
        """Raises:
        NotFound: the model has no such version.
        """
        wanted = VersionRow.model_id == model.row.id, VersionRow.number == number
        row = await self._uow.session.scalar(select(VersionRow).where(*wanted))
        if row is None:
            raise problems.NotFound("The model has no such version.")
        return row

    async def approved(self, model_id: UUID) -> VersionRow | None:
        """The version that is approved now, if any; until the commit nobody else holds or supersedes it."""
        wanted = VersionRow.model_id == model_id, VersionRow.state == "approved"
        statement = select(VersionRow).where(*wanted).with_for_update()
        found: VersionRow | None = await self._uow.session.scalar(statement)
        return found

    async def touch(self, model: Model) -> None:
        """Writes what has changed; the model's version moves on even if only its current version did."""
        model.row.updated_at = self._uow.clock.now()
        flag_modified(model.row, "updated_at")
        await self._uow.session.flush()

    async def settle(
        self, model: Model, checked: VersionRow, figures: ModelFigures | None, findings: Sequence[FieldError]
    ) -> None:
        """Writes down what the engine said of a version that had to wait for it: its figures, or why not."""
        checked.figures = None if figures is None else figures.model_dump(mode="json")
        checked.findings = [each.model_dump(mode="json") for each in findings]
        checked.check_state = "refused" if figures is None else "passed"
        await self.touch(model)

    async def _add_version(self, model_id: UUID, life: Version, draft: Draft) -> VersionRow:
        now = self._uow.clock.now()
        row = VersionRow(
            tenant_id=self._uow.actor.tenant, model_id=model_id, number=life.number, created_at=now
        )
        row.live(life)
        row.hold(draft, now)
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row


# A list shows what is known of documents, which may be a megabyte each.
_WITHOUT_DOCUMENT = defer(VersionRow.document, raiseload=True)

_CURRENT = select(ModelRow, VersionRow).join(
    VersionRow,
    and_(
        VersionRow.tenant_id == ModelRow.tenant_id,
        VersionRow.model_id == ModelRow.id,
        VersionRow.number == ModelRow.current_number,
    ),
)
