"""Activities: the work of a plan, and how far each one is."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, mapped_column

from services.chassis import problems
from services.chassis.unit_of_work import UnitOfWork
from services.executor.domain.forecast import Effort
from services.executor.domain.work import PlanActivity, Progress
from services.executor.store.base import Base


class ActivityRow(Base):
    """An activity of a plan; `document` is its definition. It changes under its plan's version."""

    __tablename__ = "activities"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    document: Mapped[dict[str, Any]]
    percent: Mapped[float]
    actual_start: Mapped[date | None]
    actual_finish: Mapped[date | None]

    @property
    def effort(self) -> Effort:
        progress = Progress(
            percent=self.percent, actual_start=self.actual_start, actual_finish=self.actual_finish
        )
        return Effort(PlanActivity.model_validate(self.document), progress)

    def report(self, progress: Progress) -> None:
        """Writes down how far it is."""
        self.percent = progress.percent
        self.actual_start = progress.actual_start
        self.actual_finish = progress.actual_finish


class Activities:
    """The activities of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def of(self, plan_id: UUID) -> Sequence[ActivityRow]:
        """A plan's activities, in their order."""
        statement = select(ActivityRow).where(ActivityRow.plan_id == plan_id).order_by(ActivityRow.position)
        return (await self._uow.session.scalars(statement)).all()

    async def get(self, plan_id: UUID, key: str) -> ActivityRow:
        """Raises:
        NotFound: the plan has no such activity.
        """
        wanted = ActivityRow.plan_id == plan_id, ActivityRow.key == key
        row = await self._uow.session.scalar(select(ActivityRow).where(*wanted))
        if row is None:
            raise problems.NotFound("The plan has no such activity.")
        return row

    async def replace(self, plan_id: UUID, efforts: Sequence[Effort]) -> None:
        """Puts these in the place of all that the plan had."""
        await self._uow.session.execute(delete(ActivityRow).where(ActivityRow.plan_id == plan_id))
        self._uow.session.add_all(
            _row(self._uow.actor.tenant, plan_id, position, effort) for position, effort in enumerate(efforts)
        )
        await self._uow.session.flush()


def _row(tenant: UUID, plan_id: UUID, position: int, effort: Effort) -> ActivityRow:
    row = ActivityRow(
        tenant_id=tenant,
        plan_id=plan_id,
        key=effort.activity.key,
        position=position,
        document=effort.activity.model_dump(mode="json"),
    )
    row.report(effort.progress)
    return row
