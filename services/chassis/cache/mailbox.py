"""Where one listener's messages wait until it asks for the next."""

import asyncio
from collections import deque
from typing import Self

_MOST_WAITING = 1000


class Mailbox:
    """A bounded queue that drops the oldest rather than make the sender wait; iterating never ends."""

    def __init__(self, most_waiting: int = _MOST_WAITING) -> None:
        self._messages: deque[bytes] = deque(maxlen=most_waiting)
        self._filled = asyncio.Event()

    def put(self, message: bytes) -> None:
        self._messages.append(message)
        self._filled.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._messages:
            self._filled.clear()
            await self._filled.wait()
        return self._messages.popleft()
