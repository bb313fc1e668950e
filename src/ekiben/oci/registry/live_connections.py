"""Connections that another thread can break off: what is to happen to a transfer that waits for an answer when the user
stops it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from weakref import WeakSet

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class LiveConnections:
    """Every connection that the pools of `pool_classes` have open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: WeakSet[HTTPConnection] = WeakSet()

    def break_off(self) -> None:
        """Whoever reads or writes there finds the connection closed; new ones are not concerned."""
        with self._lock:
            sockets = [one.sock for one in self._open if one.sock is not None]
        for one in sockets:
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)  # a TLS socket's own would take its state from the reader

    def pool_classes(self) -> dict[str, type[HTTPConnectionPool]]:
        """urllib3's pools by scheme, of connections that are told of here."""
        opened = self._opened

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                opened(self)

        class Tls(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                opened(self)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        return {"http": PlainPool, "https": TlsPool}

    def _opened(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.add(connection)
