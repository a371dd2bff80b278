"""Files of a tenant, kept in the service's own schema: small, hashed, under row level security."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.chassis import problems
from services.chassis.ids import new_id
from services.chassis.tables import files
from services.chassis.unit_of_work import UnitOfWork

MAX_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file without its content; `sha256` is the hex digest of it."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime


async def store(uow: UnitOfWork, *, name: str, media_type: str, content: bytes) -> StoredFile:
    """Keeps a file in this unit of work.

    Raises:
        PayloadTooLarge: it has more than 10 MiB.
    """
    if len(content) > MAX_BYTES:
        raise problems.PayloadTooLarge(f"A file has at most {MAX_BYTES} bytes; this one has {len(content)}.")
    digest = hashlib.sha256(content)
    stored = StoredFile(
        id=new_id(),
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=digest.hexdigest(),
        created_at=uow.clock.now(),
    )
    await uow.session.execute(
        insert(files).values(
            tenant_id=uow.actor.tenant,
            id=stored.id,
            name=name,
            media_type=media_type,
            size=stored.size,
            sha256=digest.digest(),
            content=content,
            created_at=stored.created_at,
        )
    )
    return stored


async def content_of(uow: UnitOfWork, file_id: UUID) -> tuple[StoredFile, bytes]:
    """A file and its content.

    Raises:
        NotFound: this tenant has no such file.
    """
    row = (await uow.session.execute(select(files).where(files.c.id == file_id))).mappings().first()
    if row is None:
        raise problems.NotFound("There is no such file.")
    stored = StoredFile(
        id=row["id"],
        name=row["name"],
        media_type=row["media_type"],
        size=row["size"],
        sha256=bytes(row["sha256"]).hex(),
        created_at=row["created_at"],
    )
    return stored, bytes(row["content"])
