"""`answering`: our HTTP server around a handler, on a port of its own, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ekiben.serving.http.h1.limits import ConnectionLimits
from ekiben.serving.http.h1.listener import HttpServer, listen, url_of
from ekiben.serving.http.h1.state import ServerState, begin_none
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Begin
from ekiben.serving.http.websocket import FindSocketHandler, no_sockets
from ekiben.serving.interpreter import NEW_LOOP
from ekiben.serving.wire import Answer, Payload, Reply
from tests.serving.http.raw_client import PATIENCE_S

TEXT = "text/plain"


@dataclass(slots=True)
class Answering:
    """A server under test. `seen` are the requests that its handler may have put there."""

    url: str
    loop: asyncio.AbstractEventLoop
    http: HttpServer
    state: ServerState
    thread: threading.Thread
    seen: list[Request] = field(default_factory=list)

    def stop(self) -> None:
        """Asks it to stop, and returns when it has begun to."""
        has_begun = threading.Event()

        def stop() -> None:
            self.http.stop()
            self.loop.call_soon(self.loop.call_soon, has_begun.set)  # behind the task that it wakes

        self.loop.call_soon_threadsafe(stop)
        assert has_begun.wait(PATIENCE_S)

    def wait_ended(self) -> None:
        """Returns when it has stopped."""
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@contextmanager
def answering(
    handler: Callable[[Request], Awaitable[Answer]],
    *,
    limits: ConnectionLimits | None = None,
    drain_s: float = 5.0,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = NEW_LOOP,
    begin: Begin = begin_none,
    find_socket: FindSocketHandler = no_sockets,
) -> Iterator[Answering]:
    """A server that answers with `handler` what is not begun by `begin`; stopped at the end."""
    is_up = threading.Event()
    found: list[Answering] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        state = ServerState(handler, limits or ConnectionLimits(), loop, begin=begin, find_socket=find_socket)
        http = HttpServer(state, drain_s=drain_s)
        with listen("127.0.0.1", 0) as listener:
            found.append(Answering(url_of(listener), loop, http, state, threading.current_thread()))
            loop.call_soon(is_up.set)
            await http.serve(listener)

    def run() -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    assert is_up.wait(PATIENCE_S)
    try:
        yield found[0]
    finally:
        if thread.is_alive():
            found[0].stop()
        found[0].wait_ended()


def text(content: str) -> Reply:
    """A reply of plain text."""
    return Reply(200, Payload(TEXT, content.encode()))


async def echo(request: Request) -> Answer:
    """Says what was asked: method, path, query and body."""
    body = await request.read(1_000_000)
    return text(f"{request.method} {request.path} {request.query} {body.decode()}")


async def until(event: threading.Event) -> None:
    """Returns once another thread has set the event."""
    for _ in range(int(PATIENCE_S / 0.01)):
        if event.is_set():
            return
        await asyncio.sleep(0.01)
