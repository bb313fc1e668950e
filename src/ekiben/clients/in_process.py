"""An ASGI app in this process instead of a server's address: its lifespan begins and ends with the client's.

The library's own adapter gives an answer when all of it is there; with these a stream comes piece by piece, too. A
client that blocks has the app run on an event loop in a thread of its own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

from ekiben.clients.library import httpx2
from ekiben.errors import ServiceError
from ekiben.serving.declare.mounts import AsgiApp

T = TypeVar("T")
_QUEUED = 8  # pieces that the app may be ahead of its reader


class Lifespan:
    """The app's own beginning and end; an app that knows neither goes without."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the app is up. Raises ServiceError where it cannot be."""
        self._task = asyncio.create_task(self._run())
        self._told.put_nowait({"type": "lifespan.startup"})
        said = await self._said.get()
        if said["type"] == "lifespan.startup.failed":
            raise ServiceError(f"the app did not start: {said.get('message', '')}")

    async def stop(self) -> None:
        """Returns when the app is down."""
        if self._task is not None and not self._task.done():
            self._told.put_nowait({"type": "lifespan.shutdown"})
            await self._said.get()
            await self._task

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        with contextlib.suppress(Exception):  # an app says so that it knows no lifespan
            await self._app(scope, self._told.get, self._said.put)
        self._said.put_nowait({"type": "lifespan.over"})


class AppStream(httpx2.AsyncByteStream):
    """The body of one answer of the app, which runs in `task`."""

    def __init__(self, messages: asyncio.Queue[dict[str, Any] | None], task: asyncio.Task[None]) -> None:
        self._messages = messages
        self._task = task

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self._messages.get()) is not None:
            if piece := message.get("body", b""):
                yield bytes(piece)
        await self._task

    async def aclose(self) -> None:
        """The reader wants no more: what still runs for it is ended."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class AsyncAppTransport(httpx2.AsyncBaseTransport):
    """Asks `app`, on the loop that uses it."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._lifespan: Lifespan | None = None
        self._starting = asyncio.Lock()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """httpx2's: the head of the answer, and its body as it comes."""
        await self._start()
        body = await request.aread()
        messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_QUEUED)
        task = asyncio.create_task(self._answer(_scope_of(request), body, messages))
        start = await messages.get()
        if start is None:
            await task  # raises what the app raised
            raise ServiceError("the app gave no answer")
        stream = AppStream(messages, task)
        return httpx2.Response(start["status"], headers=list(start.get("headers", ())), stream=stream)

    async def aclose(self) -> None:
        """Ends the app's lifespan."""
        if self._lifespan is not None:
            await self._lifespan.stop()

    async def _start(self) -> None:
        async with self._starting:
            if self._lifespan is None:
                lifespan = Lifespan(self._app)
                await lifespan.start()
                self._lifespan = lifespan

    async def _answer(self, scope: dict[str, Any], body: bytes, messages: asyncio.Queue[dict[str, Any] | None]) -> None:
        coming = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            message = next(coming, None)
            return await asyncio.Future() if message is None else message  # a client that leaves cancels the task

        try:
            await self._app(scope, receive, messages.put)
        finally:
            task = asyncio.current_task()
            if task is None or not task.cancelling():  # else nobody takes it
                await messages.put(None)


class AppTransport(httpx2.BaseTransport):
    """Asks `app`, on a loop in a thread of its own."""

    def __init__(self, app: AsgiApp) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ekiben-app", daemon=True)
        self._thread.start()
        self._inner = self._run(_made(app))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """httpx2's: the head of the answer, and its body as it comes."""
        request.read()
        answer = self._run(self._inner.handle_async_request(request))
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=_Blocking(self, answer))

    def close(self) -> None:
        """Ends the app's lifespan, and the loop."""
        self._run(self._inner.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        future: concurrent.futures.Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    def pieces(self, answer: httpx2.Response) -> Iterator[bytes]:
        """The body of an answer, read on the loop."""
        stream = answer.aiter_raw()
        while (piece := self._run(_next(stream))) is not None:
            yield piece

    def end(self, answer: httpx2.Response) -> None:
        """Closes an answer on the loop."""
        self._run(answer.aclose())


class _Blocking(httpx2.SyncByteStream):
    """The body of an answer for a reader that blocks."""

    def __init__(self, transport: AppTransport, answer: httpx2.Response) -> None:
        self._transport = transport
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._transport.pieces(self._answer)

    def close(self) -> None:
        """httpx2's."""
        self._transport.end(self._answer)


async def _made(app: AsgiApp) -> AsyncAppTransport:
    return AsyncAppTransport(app)


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)


def _scope_of(request: httpx2.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 0),
        "root_path": "",
    }
