"""Idempotency keys: a repeated POST gets the first one's answer and has no second effect.

The claim (key, hash of the request, lease) commits in a small transaction of its own before the work; the
answer commits together with the effect, fenced by the lease. The lease is renewed while the request is at
work, so that it can be short. One that ran out may be retaken: its holder died or lost the database, and with
that its uncommitted work. Kept for 7 days; answers of 5xx, 429 and failed authorisation are not.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from fastapi import Request
from sqlalchemy import ColumnElement, Executable, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from starlette.responses import Response

from services.chassis import problems
from services.chassis.database import Database
from services.chassis.ids import new_id
from services.chassis.retries import describe
from services.chassis.tables import idempotency_keys as keys
from services.chassis.transaction import Answered
from services.chassis.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=10)
_RENEWALS = 4
_KEPT_HEADERS = frozenset({"content-type", "etag", "location", "preference-applied"})


class KeyReused(problems.Unprocessable):
    """The Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"
    title = "Idempotency key reused"


class KeyInFlight(problems.Conflict):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "idempotency_key_in_flight"
    title = "Idempotency key in flight"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a key is unique: one tenant's one person on one route."""

    tenant: UUID
    sub: str
    method: str
    route: str
    key: str

    def as_columns(self) -> dict[str, object]:
        return {
            "tenant_id": self.tenant,
            "sub": self.sub,
            "method": self.method,
            "route": self.route,
            "key": self.key,
        }


class Claim:
    """The right to answer under one key, from now until `kept` or `close`."""

    def __init__(self, database: Database, opened: UnitOfWork, scope: Scope, lease: UUID) -> None:
        self._database = database
        self._actor = opened.actor
        self._scope = scope
        self._lease = lease
        self._open = True
        self._renewal = asyncio.create_task(self._renew(), name="idempotency:renew")

    async def keep(self, uow: UnitOfWork, response: Response) -> None:
        """Writes the answer into the effect's own transaction.

        Raises:
            KeyInFlight: the lease ran out and somebody else holds the key now; nothing may be committed.
        """
        statement = (
            update(keys)
            .where(self._mine())
            .values(
                status=response.status_code,
                headers={k: v for k, v in response.headers.items() if k in _KEPT_HEADERS},
                body=bytes(response.body),
                lease_owner=None,
                lease_until=None,
            )
            .returning(keys.c.key)
        )
        if (await uow.session.execute(statement)).first() is None:
            raise KeyInFlight("This took longer than its lease and was taken over by a retry.")

    def kept(self) -> None:
        """The answer is committed: nothing is left to do."""
        self._open = False
        self._renewal.cancel()

    async def keep_refusal(self, response: Response) -> None:
        """Keeps a refusal, which had no effect, in a transaction of its own."""
        async with self._database.unit_of_work(self._actor) as uow:
            try:
                await self.keep(uow, response)
            except KeyInFlight:
                return
            await uow.commit()
        self.kept()

    async def close(self) -> None:
        """Gives the key back unless an answer is kept under it, so that a retry works at once; with the
        database away, once the lease has run out."""
        if not self._open:
            return
        self._open = False
        self._renewal.cancel()
        try:
            await self._execute(keys.delete().where(self._mine()))
        except Exception as failure:  # noqa: BLE001  # the request has its answer
            log.warning("key_not_released", error=describe(failure))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_LEASE.total_seconds() / _RENEWALS)
            try:
                await self._execute(update(keys).where(self._mine()).values(lease_until=func.now() + _LEASE))
            except Exception as failure:  # noqa: BLE001  # the lease may run out; keeping is fenced
                log.warning("lease_not_renewed", error=describe(failure))

    async def _execute(self, statement: Executable) -> None:
        async with self._database.unit_of_work(self._actor) as uow:
            await uow.session.execute(statement)
            await uow.commit()

    def _mine(self) -> ColumnElement[bool]:
        return and_(_at(self._scope), keys.c.lease_owner == self._lease)


async def claim(database: Database, uow: UnitOfWork, scope: Scope, request_hash: bytes) -> Claim:
    """Claims a key before the work.

    Raises:
        Answered: the key was used for this very request before; this is its answer.
        KeyReused: it was used for another request.
        KeyInFlight: its first request is still at work.
    """
    lease = new_id()
    async with database.unit_of_work(uow.actor) as small:
        taken = await small.session.execute(_take(scope, request_hash, lease))
        if taken.first() is not None:
            await small.commit()
            return Claim(database, uow, scope, lease)
        row = (await small.session.execute(select(keys).where(_at(scope)))).mappings().first()
    if row is None:
        raise KeyInFlight("The first request with this key has just ended; try again.")
    if bytes(row["request_hash"]) != request_hash:
        raise KeyReused("This Idempotency-Key was used before with another body.")
    if row["status"] is None:
        raise KeyInFlight("The first request with this key is still being worked on.")
    headers = {**row["headers"], "Idempotency-Replayed": "true"}
    raise Answered(Response(bytes(row["body"]), status_code=row["status"], headers=headers))


async def hash_of(request: Request) -> bytes:
    """The hash by which a request is known again: its query, its path and its body, byte for byte."""
    digest = hashlib.sha256()
    digest.update(request.url.path.encode())
    digest.update(b"?" + request.url.query.encode() + b"\n")
    digest.update(await request.body())
    return digest.digest()


def _take(scope: Scope, request_hash: bytes, lease: UUID) -> Executable:
    held_until = func.now() + _LEASE
    statement = insert(keys).values(
        **scope.as_columns(), request_hash=request_hash, lease_owner=lease, lease_until=held_until
    )
    return statement.on_conflict_do_update(
        index_elements=[keys.c.tenant_id, keys.c.sub, keys.c.method, keys.c.route, keys.c.key],
        set_={"lease_owner": lease, "lease_until": held_until},
        where=and_(
            keys.c.status.is_(None),
            keys.c.request_hash == request_hash,
            or_(keys.c.lease_until.is_(None), keys.c.lease_until < func.now()),
        ),
    ).returning(keys.c.key)


def _at(scope: Scope) -> ColumnElement[bool]:
    return and_(*(keys.c[name] == value for name, value in scope.as_columns().items()))
