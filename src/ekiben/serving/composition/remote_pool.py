"""`RemotePool`: the connections to one address, kept and used again, the last one first."""

from __future__ import annotations

import asyncio
import ssl
import time

from ekiben.serving.composition.remote_address import RemoteAddress
from ekiben.serving.composition.remote_connection import RemoteConnection

MOST = 512  # connections at once; who comes then waits for one, within its time
IDLE_S = 4.0  # below the five seconds after which some servers close, so that few requests meet a closing connection
AGE_S = 60.0  # after which one is not used again: behind an address may be more servers than there were
CONNECT_S = 5.0


class RemotePool:
    """Connections of the running loop. Close it when the last of them is to end."""

    def __init__(self, address: RemoteAddress) -> None:
        self._address = address
        self._idle: list[RemoteConnection] = []
        self._busy: set[RemoteConnection] = set()
        self._slots = asyncio.Semaphore(MOST)
        self._tls: ssl.SSLContext | None = None

    async def take(self) -> RemoteConnection:
        """A connection for one request; it comes back by itself. Raises OSError where none can be made."""
        await self._slots.acquire()
        connection = self._kept(time.monotonic())
        if connection is None:
            try:
                connection = await self._connect()
            except BaseException:
                self._slots.release()
                raise
        self._busy.add(connection)
        return connection

    def close(self) -> None:
        """Closes all connections, and what they carry."""
        for connection in (*self._idle, *self._busy):
            connection.cut()

    def _kept(self, now_s: float) -> RemoteConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if now_s - connection.idle_since_s < IDLE_S and now_s - connection.born_s < AGE_S:
                return connection
            connection.cut()
        return None

    async def _connect(self) -> RemoteConnection:
        loop = asyncio.get_running_loop()
        address = self._address

        def make() -> RemoteConnection:
            return RemoteConnection(self._keep, self._lose, time.monotonic())

        try:
            async with asyncio.timeout(CONNECT_S):
                if address.socket_path:
                    return (await loop.create_unix_connection(make, address.socket_path))[1]
                tls = self._context() if address.is_tls else None
                return (await loop.create_connection(make, address.host, address.port, ssl=tls))[1]
        except TimeoutError as error:
            raise ConnectionError(f"no connection within {CONNECT_S:g} s") from error

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    def _keep(self, connection: RemoteConnection) -> None:
        connection.idle_since_s = time.monotonic()
        self._idle.append(connection)
        self._release(connection)

    def _lose(self, connection: RemoteConnection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        self._release(connection)

    def _release(self, connection: RemoteConnection) -> None:
        if connection in self._busy:
            self._busy.remove(connection)
            self._slots.release()
