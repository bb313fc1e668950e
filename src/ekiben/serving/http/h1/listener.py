"""`HttpServer`: the listening socket and its connections, from the first to the end of the drain."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time

from ekiben.errors import UsageError
from ekiben.serving.http.h1.protocol import Connection
from ekiben.serving.http.h1.state import ServerState, Tended, date_line

BACKLOG = 2048  # connections that wait to be accepted
TICK_S = 0.1  # seconds; each tick looks at a tenth of the connections, so that ten thousand do not hold up the loop
TICKS = 10
END_S = 1.0  # seconds that refusals get to be sent when the drain is over


class HttpServer:
    """Serves connections until `stop`, by TLS where there is a context for it. Signals are the process's business."""

    def __init__(
        self, state: ServerState, *, drain_s: float, tls: ssl.SSLContext | None = None, backlog: int = BACKLOG
    ) -> None:
        self._state = state
        self.tls = tls
        self._backlog = backlog
        self._drain_s = drain_s
        self._stop = asyncio.Event()
        self._ticks = 0
        self._round: list[Tended] = []  # the connections when the round of ticks began
        self._timer: asyncio.TimerHandle | None = None

    async def serve(self, listener: socket.socket) -> None:
        """Accepts until `stop`; what is under way then gets the drain time, and is answered 503 after it."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self._state),
            sock=listener,
            backlog=self._backlog,
            ssl=self.tls,
            ssl_handshake_timeout=None if self.tls is None else self._state.limits.head_timeout_s,
        )
        self._tick(loop)
        try:
            await self._stop.wait()
            server.close()
            await self._drain()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def stop(self) -> None:
        """Accepts no more; replies from now on are the last of their connections."""
        self._state.is_stopping = True
        self._stop.set()

    async def _drain(self) -> None:
        connections = self._state.connections
        for one in tuple(connections):
            one.stop()
        if not await self._has_emptied(self._drain_s):
            for one in tuple(connections):
                one.end_now()
        if not await self._has_emptied(END_S):
            for one in tuple(connections):
                one.cut()

    async def _has_emptied(self, within_s: float) -> bool:
        is_empty = asyncio.Event()
        self._state.on_empty = is_empty.set
        if self._state.connections:
            try:
                async with asyncio.timeout(within_s):
                    await is_empty.wait()
            except TimeoutError:
                return False
        return True

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(TICK_S, self._tick, loop)
        self._state.date = date_line(time.time())
        if self._ticks % TICKS == 0:
            self._round = list(self._state.connections)
        now_s = loop.time()
        for connection in self._round[self._ticks % TICKS :: TICKS]:
            connection.look_after(now_s)
        self._ticks += 1


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises UsageError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "choose another with --port" if port else None
        raise UsageError(f"`{host}:{port}` cannot be listened on: {reason.lower()}", hint=hint) from error


def url_of(listener: socket.socket, *, is_secure: bool = False) -> str:
    """The address to reach the server at."""
    host, port = address_of(listener)
    scheme = "https" if is_secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def address_of(listener: socket.socket) -> tuple[str, int]:
    """Host and port that the socket got."""
    name = listener.getsockname()
    return str(name[0]), int(name[1])
