"""An HTTP/1.1 client of few lines that may leave at any byte, and that notices a byte too many."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply, read by its Content-Length."""

    status: int
    body: bytes


class Lost(Exception):
    """The server closed the connection instead of answering; `read` is what came before."""

    def __init__(self, read: bytes = b"") -> None:
        super().__init__(f"the connection ended after {read!r}")
        self.read = read


class Surplus(Exception):
    """The server sent something that nobody asked for."""


class Client:
    """One connection at a time, opened when it is needed and kept while both sides want it."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, message: bytes) -> Answer:
        """Sends a request and reads its reply. Raises Lost and Surplus, and OSError where nobody listens."""
        await self.send(message)
        return await self.read()

    async def send(self, message: bytes) -> None:
        """Sends bytes, over a new connection where there is none, or the server has closed the idle one."""
        if self._streams is not None and self._streams[0].at_eof():
            self.leave()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        self._streams[1].write(message)

    async def read(self) -> Answer:
        """The next reply. Raises Lost."""
        assert self._streams is not None
        reader = self._streams[0]
        head = b""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = _fields(head)
            body = await reader.readexactly(int(fields.get("content-length", "0")))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self.leave()
            raise Lost(head + getattr(error, "partial", b"")) from error
        if fields.get("connection") == "close":
            self.leave()
        return Answer(int(head.split(b" ", 2)[1]), body)

    def leave(self) -> None:
        """Closes the connection at once, whatever is under way."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def finish(self) -> None:
        """Closes an idle connection. Raises Surplus where something came that was no answer."""
        if self._streams is None:
            return
        reader, writer = self._streams
        self._streams = None
        if writer.can_write_eof():
            writer.write_eof()
        try:
            rest = await reader.read(65536)
        except ConnectionError:
            rest = b""
        writer.close()
        if rest:
            raise Surplus(f"{rest!r}")


def post(route: str, fields: dict[str, object]) -> bytes:
    """A POST of `fields` as JSON, as bytes."""
    body = json.dumps(fields).encode()
    head = (
        f"POST {route} HTTP/1.1\r\nhost: chaos\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _fields(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
