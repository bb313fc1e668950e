"""The least that answers a POST: httptools and uvloop, one write per answer, no routes, no limits, no metrics."""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools
import uvloop

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.parser = httptools.HttpRequestParser(self)
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's do not derive from it

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        body, self.body = self.body, b""
        answer = self.answer(body)
        self.transport.write(HEAD % len(answer) + answer)


def serve(answer: Callable[[bytes], bytes], port: int) -> None:
    """Answers until it is terminated."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Protocol(answer), "127.0.0.1", port)
        await server.serve_forever()

    uvloop.run(run())
