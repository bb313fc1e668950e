"""`Inbox`: the messages of a websocket that its app has not asked for yet, and how the websocket ended."""

from __future__ import annotations

import asyncio
from collections import deque

from ekiben.serving.http.websocket import SocketClosed

AHEAD_BYTES = 1024 * 1024  # of messages that wait, beyond which the rest stays in the network
MESSAGE_BYTES = 100  # what a message takes beside its content


class Inbox:
    """Filled by a connection, emptied by an app."""

    __slots__ = ("_arrival", "_held_bytes", "_messages", "closed")

    def __init__(self) -> None:
        self._messages: deque[str | bytes] = deque()
        self._held_bytes = 0
        self._arrival: asyncio.Future[None] | None = None
        self.closed: SocketClosed | None = None

    @property
    def is_full(self) -> bool:
        """Whether more waits than should."""
        return self._held_bytes > AHEAD_BYTES

    def add(self, message: str | bytes) -> None:
        """A message came."""
        self._messages.append(message)
        self._held_bytes += len(message) + MESSAGE_BYTES
        self._wake()

    def end(self, closed: SocketClosed) -> None:
        """There will be no more; the first reason stands."""
        if self.closed is None:
            self.closed = closed
        self._wake()

    async def next(self) -> str | bytes:
        """The next message. Raises SocketClosed behind the last one."""
        while not self._messages:
            if self.closed is not None:
                raise self.closed
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        message = self._messages.popleft()
        self._held_bytes -= len(message) + MESSAGE_BYTES
        return message

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
