"""The public keys of an issuer, fetched when needed and kept: a provider that is away locks nobody out."""

import asyncio
from typing import Any

import httpx2
import jwt
import structlog

from services.chassis.clock import Clock

log = structlog.get_logger(__name__)

_FRESH_S = 600.0
_BETWEEN_FETCHES_S = 10.0
_PATIENCE_S = 5.0


class KeyNotFound(Exception):
    """The issuer publishes no key of this id."""


class KeySet:
    """One issuer's keys by `kid`.

    Fetched at first use, again after ten minutes, and at once for an unknown `kid` (the issuer rotated), but
    never more often than every ten seconds: made-up key ids cannot make us hammer the provider. While it is
    away the keys known last stay good.
    """

    def __init__(self, url: str, *, clock: Clock, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._clock = clock
        self._transport = transport
        self._keys: dict[str, Any] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> Any:
        """The public key of an id.

        Raises:
            KeyNotFound: the issuer has none of this id, as far as is known.
        """
        if kid not in self._keys or self._stale():
            async with self._lock:
                if (kid not in self._keys or self._stale()) and self._may_fetch():
                    await self._fetch()
        if kid not in self._keys:
            raise KeyNotFound(kid)
        return self._keys[kid]

    def _stale(self) -> bool:
        return self._fetched_at is None or self._clock.monotonic() - self._fetched_at > _FRESH_S

    def _may_fetch(self) -> bool:
        return self._tried_at is None or self._clock.monotonic() - self._tried_at >= _BETWEEN_FETCHES_S

    async def _fetch(self) -> None:
        self._tried_at = self._clock.monotonic()
        try:
            async with httpx2.AsyncClient(
                timeout=_PATIENCE_S, transport=self._transport, trust_env=False
            ) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
                found = jwt.PyJWKSet.from_dict(answer.json())
        except (httpx2.HTTPError, ValueError, jwt.PyJWTError) as error:
            log.warning("key_server_away", url=self._url, error=type(error).__name__)
            return
        self._keys = {key.key_id: key.key for key in found.keys if key.key_id}
        self._fetched_at = self._clock.monotonic()
