"""Cursor paging: a page, and an opaque cursor to the next one, stable while rows are added."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import Select
from sqlalchemy.sql import SQLColumnExpression

from services.chassis import problems
from services.schemas.base import Document
from services.schemas.problem import FieldError

Item = TypeVar("Item")
Statement = TypeVar("Statement", bound=Select[*tuple[Any, ...]])

MAX_LIMIT = 200


class Page(Document, Generic[Item]):
    """One page, newest first; `next` is null on the last one."""

    items: list[Item]
    next: str | None = Field(description="Pass as `cursor` to get the page after this one.")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for."""

    limit: int
    after: UUID | None

    def select(self, statement: Statement, key: SQLColumnExpression[UUID]) -> Statement:
        """Orders by a uuid7 key, newest first; one row more than the page shows whether more follow."""
        if self.after is not None:
            statement = statement.where(key < self.after)
        return statement.order_by(key.desc()).limit(self.limit + 1)

    def page(
        self, rows: Sequence[Any], show: Callable[[Any], Item], key: Callable[[Any], UUID]
    ) -> Page[Item]:
        """The page of the rows that `select` brought."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(items=[show(row) for row in shown], next=_cursor(key(shown[-1])) if more else None)


async def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")] = 50,
    cursor: Annotated[str | None, Query(max_length=100, description="The `next` of the page before.")] = None,
) -> PageRequest:
    """The dependency of every list.

    Raises:
        Unprocessable: the cursor is not one of ours.
    """
    return PageRequest(limit=limit, after=None if cursor is None else _key(cursor))


def _cursor(key: UUID) -> str:
    return base64.urlsafe_b64encode(key.bytes).rstrip(b"=").decode()


def _key(cursor: str) -> UUID:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return UUID(bytes=base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise problems.Unprocessable(
            "The cursor is not one of ours.",
            code="validation_failed",
            errors=[FieldError(pointer="/query/cursor", detail="Pass the `next` of the page before.")],
        ) from None
