"""Streams of events, bounded by tenant: each holds a connection, and looks at the database now and then."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

from fastapi import Request

from services.calculation_engine.settings import settings_of
from services.chassis.access import CurrentPrincipal
from services.chassis.problems import TooManyRequests

_RETRY_S = "30"


class TooManyStreams(TooManyRequests):
    """The tenant has as many streams open on this replica as it may: end one, or read the job instead."""

    code = "too_many_streams"
    title = "Too many streams"


class OpenStreams:
    """How many each tenant has open on this replica."""

    def __init__(self) -> None:
        self._of: Counter[UUID] = Counter()

    @contextmanager
    def one_more(self, tenant: UUID, most: int) -> Iterator[None]:
        """For the length of the block. Raises TooManyStreams if there are as many as `most`."""
        if self._of[tenant] >= most:
            detail = f"{most} streams of events are open: end one, or read the job instead."
            raise TooManyStreams(detail, headers={"Retry-After": _RETRY_S})
        self._of[tenant] += 1
        try:
            yield
        finally:
            self._of[tenant] -= 1
            self._of = +self._of  # without those who have none


async def one_stream(request: Request, principal: CurrentPrincipal) -> AsyncIterator[None]:
    """The dependency of a route that streams: counts it until it has ended, however that is.

    Raises:
        TooManyStreams: there is no room for one more.
    """
    streams: OpenStreams = request.app.state.streams
    with streams.one_more(principal.tenant, settings_of(request).tenant_streams):
        yield
