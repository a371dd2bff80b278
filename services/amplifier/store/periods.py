"""The periods of success plans, with the figures that were reviewed, closed and restated."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from services.amplifier.domain.lifecycle import CLOSED, PeriodLife, PeriodState
from services.amplifier.domain.yardstick import Figure
from services.amplifier.store.base import Base
from services.chassis import problems
from services.chassis.unit_of_work import UnitOfWork


class PeriodRow(Base):
    """A period of a plan; `version` is its ETag, `place` counts from 0.

    `figures` are those under review, closed or restated last; `superseded` are those that were published
    before them.
    """

    __tablename__ = "periods"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    key: Mapped[str]
    state: Mapped[str]
    requested_by: Mapped[str | None]
    closed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    corrected_by: Mapped[list[str]]
    figures: Mapped[list[dict[str, Any]] | None]
    superseded: Mapped[list[dict[str, Any]]]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it so

    @property
    def life(self) -> PeriodLife:
        """The period as far as its life goes."""
        return PeriodLife(
            cast(PeriodState, self.state), self.requested_by, self.closed_by, frozenset(self.corrected_by)
        )

    @property
    def is_closed(self) -> bool:
        return self.life.state in CLOSED

    @property
    def known_figures(self) -> tuple[Figure, ...] | None:
        """The figures that were reviewed, if they still hold."""
        if self.figures is None:
            return None
        return tuple(Figure.model_validate(each) for each in self.figures)

    def live(self, life: PeriodLife) -> None:
        """Writes down where the period's life has led; figures of a review that was given up are gone."""
        self.state = life.state
        self.requested_by = life.requested_by
        self.closed_by = life.closed_by
        self.corrected_by = sorted(life.corrected_by)
        if life.state == "open":
            self.figures = None

    def hold(self, figures: Sequence[Figure]) -> None:
        """Writes down reviewed figures."""
        self.figures = [each.model_dump(mode="json") for each in figures]

    def replace(self, figures: Sequence[Figure], now: datetime) -> None:
        """Puts restated figures in the place of those that were published."""
        self.superseded = [*self.superseded, {"until": now.isoformat(), "figures": self.figures}]
        self.hold(figures)


class Periods:
    """The periods of one unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, plan_id: UUID, keys: Sequence[str]) -> None:
        """A plan's periods, in their order."""
        self._uow.session.add_all(
            PeriodRow(
                tenant_id=self._uow.actor.tenant,
                plan_id=plan_id,
                place=place,
                key=key,
                state="open",
                corrected_by=[],
                superseded=[],
            )
            for place, key in enumerate(keys)
        )
        await self._uow.session.flush()

    async def of(self, plan_id: UUID) -> Sequence[PeriodRow]:
        """A plan's periods, in their order."""
        statement = select(PeriodRow).where(PeriodRow.plan_id == plan_id).order_by(PeriodRow.place)
        return (await self._uow.session.scalars(statement)).all()

    async def get(self, plan_id: UUID, key: str) -> PeriodRow:
        """Raises:
        NotFound: the plan has no such period.
        """
        wanted = PeriodRow.plan_id == plan_id, PeriodRow.key == key
        row = await self._uow.session.scalar(select(PeriodRow).where(*wanted))
        if row is None:
            raise problems.NotFound("The plan has no such period.")
        return row

    async def before(self, row: PeriodRow) -> PeriodRow | None:
        """The period before this one."""
        wanted = PeriodRow.plan_id == row.plan_id, PeriodRow.place == row.place - 1
        found: PeriodRow | None = await self._uow.session.scalar(select(PeriodRow).where(*wanted))
        return found
