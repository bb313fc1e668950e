"""`from_wsgi`: a WSGI app (PEP 3333: Flask, Django) as an ASGI app, each request in a thread of its own.

The body is read before the app is called, into a file where it is large. The response goes out piece by piece, no
faster than its client takes it. At most THREADS requests are in the app at once; others wait.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, MutableMapping
from typing import IO, Any, TypeAlias

from ekiben.errors import ServiceError
from ekiben.serving.declare.mounts import AsgiApp

THREADS = 10  # requests in the app at once
HELD_BYTES = 1024 * 1024  # of a body that are held in memory
_APP_FAILURES = (BaseException,)  # what an app may raise: it is passed on to who awaits the thread

WsgiApp: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Message: TypeAlias = MutableMapping[str, Any]


def from_wsgi(app: WsgiApp) -> AsgiApp:
    """The app for ASGI. Raises ServiceError for what is none."""
    if not callable(app):
        raise ServiceError(f"`{app!r}` is no WSGI app", hint="a Flask or Django object, or any WSGI callable")
    slots: list[asyncio.Semaphore] = []

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"WSGI knows no {scope['type']}")
        if not slots:
            slots.append(asyncio.Semaphore(THREADS))
        with tempfile.SpooledTemporaryFile(max_size=HELD_BYTES) as body:
            has_more = True
            while has_more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body.write(message.get("body", b""))
                has_more = message.get("more_body", False)
            size = body.tell()
            body.seek(0)
            async with slots[0]:
                loop = asyncio.get_running_loop()
                await _in_thread(lambda: _Exchange(send, loop).run(app, _environ_of(scope, body, size)))

    return serve


async def _in_thread(work: Callable[[], None]) -> None:
    """Returns when the work is done, in a thread that the end of the process does not wait for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        failure: BaseException | None = None
        try:
            work()
        except _APP_FAILURES as error:
            failure = error if isinstance(error, Exception) else RuntimeError(f"the app raised {error!r}")
        loop.call_soon_threadsafe(finish, failure)

    threading.Thread(target=run, name="ekiben-wsgi", daemon=True).start()
    await done


class _Exchange:
    """One request in its thread."""

    def __init__(self, send: Callable[[Message], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._head: Message | None = None
        self._is_head_sent = False

    def run(self, app: WsgiApp, environ: dict[str, Any]) -> None:
        """Calls the app, and sends what it gives. Raises what the app raised, OSError where the client has gone."""
        chunks = app(environ, self._start)
        try:
            for chunk in chunks:
                self._write(chunk)
            self._emit({"type": "http.response.body", "body": b""})
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None and self._is_head_sent:
            raise exc_info[1].with_traceback(exc_info[2])
        named = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._head = {"type": "http.response.start", "status": int(status[:3]), "headers": named}
        return self._write

    def _write(self, chunk: bytes) -> None:
        if chunk:
            self._emit({"type": "http.response.body", "body": chunk, "more_body": True})

    def _emit(self, message: Message) -> None:
        if not self._is_head_sent:
            if self._head is None:
                raise RuntimeError("the app gave a body before it called `start_response`")
            self._is_head_sent = True
            self._wait_for(self._head)
        self._wait_for(message)

    def _wait_for(self, message: Message) -> None:
        asyncio.run_coroutine_threadsafe(self._send(message), self._loop).result()


def _environ_of(scope: Any, body: IO[bytes], size: int) -> dict[str, Any]:
    """PEP 3333's dictionary."""
    root = scope.get("root_path", "")
    server = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root.encode().decode("latin-1"),
        "PATH_INFO": scope["path"].removeprefix(root).encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "CONTENT_LENGTH": str(size),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if scope.get("client"):
        environ["REMOTE_ADDR"] = scope["client"][0]
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key == "CONTENT_LENGTH" or "_" in name.decode("latin-1"):  # an underscore would pass for a hyphen
            continue
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
