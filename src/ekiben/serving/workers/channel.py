"""One end of the socket between a front and its child: whole messages in, whole messages out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import cast

from ekiben.serving.workers.frames import FrameReader
from ekiben.serving.workers.messages import AnyMessage, decode


class Channel(asyncio.Protocol):
    """Calls `on_message(message, joined bodies)` for each message and `on_close()` once, when the other end is gone."""

    def __init__(self, on_message: Callable[[AnyMessage, memoryview], None], on_close: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_close = on_close
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None

    def write(self, pieces: Sequence[bytes]) -> None:
        """Writes a message; one that the other end will not read any more is dropped."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(pieces)

    def close(self) -> None:
        """Closes after what is written has left."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: the socket is watched from here on."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes came."""
        for header, joined in self._reader.feed(data):
            self._on_message(decode(header), joined)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: no bytes will come any more."""
        self._transport = None
        self._on_close()


async def open_channel(
    end: socket.socket, on_message: Callable[[AnyMessage, memoryview], None], on_close: Callable[[], None]
) -> Channel:
    """A channel over one end of a Unix socket pair."""
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_unix_connection(lambda: Channel(on_message, on_close), sock=end)
    return channel
