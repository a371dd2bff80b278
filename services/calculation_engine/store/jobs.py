"""Jobs of one tenant: kept, moved on by whoever holds the lease, ended once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, DateTime, Text, case, func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.calculation_engine.metrics import JOBS_ENDED
from services.chassis.ids import new_id
from services.chassis.pruner import Kept
from services.chassis.telemetry.traces import current_traceparent
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.jobs import JobStatus

LONGEST = timedelta(hours=6)
"""A job that is not done by then has failed."""
KEPT = timedelta(hours=24)
"""So long after its end what was asked and what came of it are kept."""
PRUNED = Kept("jobs", "tenant_id, id", "ended_at", KEPT)
LIVE = ("queued", "running")


class Base(DeclarativeBase):
    """The tables of this service."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSON(none_as_null=True),
    }


class JobRow(Base):
    """A job; `request` and `result` are JSON as it came and as it is answered."""

    __tablename__ = "jobs"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    actor: Mapped[str]
    operation: Mapped[str]
    request: Mapped[bytes]
    traceparent: Mapped[str | None]
    status: Mapped[JobStatus] = mapped_column(Text())
    done: Mapped[int]
    total: Mapped[int]
    result: Mapped[bytes | None]
    problem: Mapped[dict[str, Any] | None]
    attempts: Mapped[int]
    lease_owner: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a job is."""

    status: JobStatus
    done: int
    total: int

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


class Jobs:
    """The jobs of the unit of work's tenant."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def add(self, *, operation: str, request: bytes, total: int) -> JobRow:
        """Keeps a new job of the unit of work's actor."""
        now = self._uow.clock.now()
        row = JobRow(
            tenant_id=self._uow.actor.tenant,
            id=new_id(),
            actor=self._uow.actor.sub,
            operation=operation,
            request=request,
            traceparent=current_traceparent(),
            status="queued",
            done=0,
            total=total,
            result=None,
            problem=None,
            attempts=0,
            lease_owner=None,
            lease_until=None,
            created_at=now,
            due_at=now + LONGEST,
            started_at=None,
            ended_at=None,
        )
        self._uow.session.add(row)
        await self._uow.session.flush()
        return row

    async def live(self) -> int:
        """How many jobs of the tenant have not ended."""
        counted = select(func.count()).select_from(JobRow).where(JobRow.status.in_(LIVE))
        return int(await self._uow.session.scalar(counted) or 0)

    async def find(self, job_id: UUID) -> JobRow | None:
        found: JobRow | None = await self._uow.session.scalar(select(JobRow).where(JobRow.id == job_id))
        return found

    async def standing(self, job_id: UUID) -> Standing | None:
        """How far it is, without its documents."""
        columns = select(JobRow.status, JobRow.done, JobRow.total).where(JobRow.id == job_id)
        row = (await self._uow.session.execute(columns)).first()
        return None if row is None else Standing(row.status, row.done, row.total)

    async def progress(self, job_id: UUID, lease: UUID, *, done: int, renewed: timedelta) -> bool:
        """Notes how far a leased job is; False if it has ended, or is somebody else's now."""
        return await self._change(
            job_id,
            JobRow.lease_owner == lease,
            done=done,
            attempts=case((JobRow.done < done, 0), else_=JobRow.attempts),
            lease_until=func.now() + renewed,
        )

    async def succeed(self, job_id: UUID, lease: UUID, result: bytes) -> bool:
        return await self._end(
            job_id, "succeeded", JobRow.lease_owner == lease, done=JobRow.total, result=result
        )

    async def fail(self, job_id: UUID, problem: dict[str, Any]) -> bool:
        """Whoever sees that it cannot be done may end it."""
        return await self._end(job_id, "failed", problem=problem)

    async def cancel(self, job_id: UUID) -> bool:
        return await self._end(job_id, "cancelled")

    async def _end(
        self, job_id: UUID, status: JobStatus, *conditions: ColumnElement[bool], **values: Any
    ) -> bool:
        """False if it has ended before, or the conditions do not hold. What was asked is not kept."""
        ended = {
            "status": status,
            "ended_at": self._uow.clock.now(),
            "lease_owner": None,
            "lease_until": None,
            "request": b"",
        }
        is_first = await self._change(job_id, *conditions, **ended, **values)
        if is_first:
            self._uow.count(JOBS_ENDED, status=status)
        return is_first

    async def _change(self, job_id: UUID, *conditions: ColumnElement[bool], **values: Any) -> bool:
        changed = (
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.status.in_(LIVE), *conditions)
            .values(**values)
            .returning(JobRow.id)
            .execution_options(synchronize_session=False)
        )
        return (await self._uow.session.execute(changed)).first() is not None
