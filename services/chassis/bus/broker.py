"""A connection to the broker that is made when it is needed, and made again after it was lost.

aio-pika's own robust connection restores channels and consumers out of sight; here whoever uses the
connection sees its loss and says what follows.
"""

import asyncio
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from services.chassis import grace
from services.chassis.bus import BusAway

_CONNECT_S = 5.0


class Broker:
    """One connection and, for publishing, one channel on it; `name` shows in the broker's own lists."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._lock = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._publisher: AbstractChannel | None = None

    async def open_channel(self) -> AbstractChannel:
        """A new channel without confirms, for consuming.

        Raises:
            BusAway: the broker cannot be reached.
        """
        async with self._lock:
            return await self._open(publisher_confirms=False, on_return_raises=False)

    async def publisher(self) -> AbstractChannel:
        """The channel for publishing: confirmed, and an unroutable message raises.

        Raises:
            BusAway: the broker cannot be reached.
        """
        async with self._lock:
            if self._publisher is None or self._publisher.is_closed:
                self._publisher = await self._open(publisher_confirms=True, on_return_raises=True)
            return self._publisher

    async def close(self) -> None:
        """Closes the connection with all its channels."""
        async with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                await _close(connection)

    async def _open(self, *, publisher_confirms: bool, on_return_raises: bool) -> AbstractChannel:
        try:
            async with asyncio.timeout(_CONNECT_S):
                connection = await self._connect()
                channel = connection.channel(
                    publisher_confirms=publisher_confirms, on_return_raises=on_return_raises
                )
                await channel.initialize()
                return channel
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            raise BusAway(f"{type(error).__name__}: {error}") from error

    async def _connect(self) -> AbstractConnection:
        if self._connection is not None and not self._connection.connected.is_set():
            await _close(self._connection)
            self._connection = None
        if self._connection is None:
            self._connection = await aio_pika.connect(
                self._url, client_properties={"connection_name": self._name}
            )
        return self._connection


async def _close(connection: AbstractConnection) -> None:
    with suppress(*CONNECTION_EXCEPTIONS, TimeoutError):
        async with asyncio.timeout(grace.FAREWELL_S):
            await connection.close()
