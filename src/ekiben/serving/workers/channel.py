"""One end of the sockets between a front and its child: whole messages in, whole messages out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from ekiben.serving.shared_memory import block_of
from ekiben.serving.wire import Body
from ekiben.serving.workers.blocks import BlockLender, BlockReader
from ekiben.serving.workers.framing import Bodies, FrameReader, frame
from ekiben.serving.workers.messages import AnyMessage, Attach, decode, encode

logger = logging.getLogger("ekiben.serving")

_ATTACH = encode(Attach())

OnMessage: TypeAlias = Callable[[AnyMessage, Bodies], None]


@dataclass(frozen=True, slots=True)
class Ends:
    """One side's sockets: `stream` carries frames, `descriptors` the descriptors of blocks."""

    stream: socket.socket
    descriptors: socket.socket

    def close(self) -> None:
        """Closes both."""
        self.stream.close()
        self.descriptors.close()


def socket_pairs() -> tuple[Ends, Ends]:
    """What connects a front and its child: the front's ends and the child's."""
    ours, theirs = socket.socketpair()
    try:
        our_descriptors, their_descriptors = socket.socketpair()
    except OSError:
        ours.close()
        theirs.close()
        raise
    return Ends(ours, our_descriptors), Ends(theirs, their_descriptors)


class Channel(asyncio.BufferedProtocol):
    """Calls `on_message(message, bodies)` for each message and `on_close()` once, when the other end is gone.

    Bodies that are lasting are views that may be kept; others are to be copied before `on_message` returns.
    """

    def __init__(self, descriptors: socket.socket, on_message: OnMessage, on_close: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_close = on_close
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._lender = BlockLender(descriptors)
        self._attached: deque[Body] = deque()
        self._blocks = BlockReader(descriptors, self._block_unused)

    def send(self, message: AnyMessage, bodies: Sequence[Body] = ()) -> None:
        """Writes a message; one that the other end will not read any more is dropped."""
        if self._transport is not None and not self._transport.is_closing():
            inline = [body for body in bodies if type(body) is bytes or not self._attach(body)]
            block = self._lender.lend(inline)
            self._transport.writelines(frame(encode(message), inline, block=block))

    def _attach(self, body: Body) -> bool:
        """Sends a body that is a block ahead, by itself; whether it is one."""
        if block_of(body) is None or self._transport is None:
            return False
        self._transport.writelines(frame(_ATTACH, [body], block=self._lender.lend([body])))
        return True

    def close(self) -> None:
        """Closes after what is written has left."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: the socket is watched from here on."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so

    def get_buffer(self, sizehint: int) -> memoryview:
        """asyncio's: where to put what came."""
        return self._reader.space()

    def buffer_updated(self, nbytes: int) -> None:
        """asyncio's: bytes came."""
        for header, block, size, bodies in self._reader.advance(nbytes):
            if not header:
                self._lender.take_back(block)
                continue
            if block:
                try:
                    bodies = Bodies(self._blocks.read(block, size), is_lasting=True)
                except OSError as error:
                    logger.error("a large message to or from a worker cannot be read: %s", error)
                    self.close()
                    return
            message = decode(header)
            if type(message) is Attach:
                self._attached += bodies.split([size])
                continue
            if self._attached:  # they are this message's alone, whether or not anybody looks at them
                bodies = bodies._replace(attached=self._attached)
                self._attached = deque()
            self._on_message(message, bodies)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: no bytes will come any more."""
        self._transport = None
        self._blocks.close()
        self._lender.close()
        self._on_close()

    def _block_unused(self, number: int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the front with it
            self._loop.call_soon_threadsafe(self._give_back, number)

    def _give_back(self, number: int) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(frame(b"", block=number))


async def open_channel(ends: Ends, on_message: OnMessage, on_close: Callable[[], None]) -> Channel:
    """A channel over one side's ends."""
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_unix_connection(
        lambda: Channel(ends.descriptors, on_message, on_close), sock=ends.stream
    )
    return channel
