"""The public keys of an issuer, fetched when needed and kept: a provider that is away locks nobody out."""

import asyncio
from typing import Any

import httpx2
import jwt
import structlog
from pydantic import BaseModel

from services.chassis.clock import Clock

log = structlog.get_logger(__name__)

_FRESH_S = 600.0
_BETWEEN_FETCHES_S = 10.0
_PATIENCE_S = 5.0


class KeyNotFound(Exception):
    """The issuer publishes no key of this id."""


class KeysAway(Exception):
    """The issuer has never answered with its keys: nothing can be said of its tokens yet."""


class _Document(BaseModel):
    """A key set as RFC 7517 lays it out."""

    keys: list[dict[str, Any]]


class KeySet:
    """One issuer's keys by `kid`, each bound to its one algorithm.

    Fetched at first use, again after ten minutes, and at once for an unknown `kid` (the issuer rotated), but
    never more often than every ten seconds: made-up key ids cannot make us hammer the provider. While it is
    away the keys known last stay good, and nobody who has one waits for it.
    """

    def __init__(self, url: str, *, clock: Clock, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._clock = clock
        self._transport = transport
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._away = False
        self._fetch: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> jwt.PyJWK:
        """The public key of an id.

        Raises:
            KeyNotFound: the issuer has none of this id, as far as is known.
            KeysAway: the issuer has never been reached.
        """
        if kid not in self._keys or self._stale():
            fetch = self._fetch_under_way()
            if fetch is not None and not (self._away and kid in self._keys):
                # Everybody who waits shares one fetch; who gives up does not end it for the others.
                await asyncio.shield(fetch)
        if kid in self._keys:
            return self._keys[kid]
        raise KeyNotFound(kid) if self._keys else KeysAway(self._url)

    def _stale(self) -> bool:
        return self._fetched_at is None or self._clock.monotonic() - self._fetched_at > _FRESH_S

    def _fetch_under_way(self) -> asyncio.Task[None] | None:
        """The fetch that runs, started now if none does and enough time has passed since the last."""
        if self._fetch is None or self._fetch.done():
            now = self._clock.monotonic()
            if self._tried_at is not None and now - self._tried_at < _BETWEEN_FETCHES_S:
                return None
            self._tried_at = now
            self._fetch = asyncio.create_task(self._refresh(), name=f"keys of {self._url}")
        return self._fetch

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                self._keys = _usable(await self._published())
        except (httpx2.HTTPError, TimeoutError, ValueError, jwt.PyJWTError) as error:
            self._away = True
            log.warning("key_server_away", url=self._url, error=type(error).__name__)
            return
        self._away = False
        self._fetched_at = self._clock.monotonic()

    async def _published(self) -> _Document:
        # Making a transport reads the certificates of the machine: not in the event loop.
        transport = self._transport or await asyncio.to_thread(httpx2.AsyncHTTPTransport)
        async with httpx2.AsyncClient(timeout=_PATIENCE_S, transport=transport, trust_env=False) as client:
            answer = await client.get(self._url)
            answer.raise_for_status()
            return _Document.model_validate_json(answer.content)


def _usable(document: _Document) -> dict[str, jwt.PyJWK]:
    """The signing keys by their ids. Kinds that are not known here and keys for encryption are passed over.

    Raises:
        ValueError, PyJWTError: there is none.
    """
    usable = {
        key.key_id: key
        for key in jwt.PyJWKSet(document.keys).keys
        if isinstance(key.key_id, str) and key.public_key_use in {None, "sig"}
    }
    if not usable:
        raise ValueError("no signing key with an id")
    return usable
