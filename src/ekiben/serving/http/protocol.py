"""uvicorn's HTTP protocol, with one thing added: it cancels the request of a client that went away.

ASGI's own way is a second task per request that waits for `http.disconnect`, which costs every request for the sake
of a few. Here the connection's end finds the request's task in its scope (`asgi` puts it there), at no cost to the
others.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ekiben.serving.http.asgi import GONE, TASK


class HttpProtocol(HttpToolsProtocol):
    """Given to uvicorn as its HTTP protocol."""

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: the client closed the connection, or it broke."""
        super().connection_lost(exc)
        cycle: RequestResponseCycle | None = getattr(self, "cycle", None)
        if cycle is None or not cycle.disconnected:  # no request yet, or one that is answered
            return
        scope = cast(MutableMapping[str, object], cycle.scope)
        task = scope.get(TASK)
        if isinstance(task, asyncio.Task):
            scope[GONE] = True
            task.cancel()
