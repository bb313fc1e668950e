"""`RemoteService`: the APIs of a service behind a URL, called with the messages that travel inside a server.

    remote_address      RemoteAddress      the URL taken apart
    remote_pool         RemotePool         connections, kept and used again
    remote_connection   RemoteConnection   one connection, and the streams over it

Bodies go and come as they are, over HTTP/1.1. A call that nobody has received is sent again, a few times within its
time; a service that is not there then is a 503 that names it.
"""

from __future__ import annotations

import asyncio
import random
import re

from ekiben.errors import DeadlineExceeded, Overloaded
from ekiben.serving.composition.remote_address import read_address
from ekiben.serving.composition.remote_connection import NotAnswered
from ekiben.serving.composition.remote_pool import RemotePool
from ekiben.serving.wire import Answer, Call

TIMEOUT_FIELD = "x-ekiben-timeout-ms"  # how long the caller waits from now on
TRAVELLING = frozenset({"traceparent", "tracestate", "baggage"})  # W3C Trace Context and Baggage
PAUSES_S = (0.05, 0.2, 0.5)  # before each further try: together less than a second, in which a server restarts
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")  # what would end a field, or cannot be part of one


class RemoteService:
    """The service at `url`; `name` is what errors call it. No call takes longer than `timeout_s`.

    Made and used on one running loop. Raises SettingsError for a URL that is none.
    """

    def __init__(self, url: str, *, timeout_s: float, name: str = "") -> None:
        self._address = read_address(url)
        self._timeout_s = timeout_s
        self._called = f"the service `{name}` at `{url}`" if name else f"the service at `{url}`"
        self._pool = RemotePool(self._address)

    async def answer(self, call: Call, *, timeout_s: float | None = None, is_idempotent: bool = True) -> Answer:
        """What the service answers, whatever its status; at `call.path`, or `/` and the name of the API.

        `timeout_s` is what is left of the caller's time. A call that is not idempotent is sent again only where no
        connection could be made. Raises Overloaded where the service cannot be reached, DeadlineExceeded.
        """
        left_s = self._timeout_s if timeout_s is None else min(timeout_s, self._timeout_s)
        until_s = asyncio.get_running_loop().time() + left_s
        try:
            async with asyncio.timeout_at(until_s):
                return await self._ask(call, until_s, is_idempotent=is_idempotent)
        except TimeoutError as error:
            raise DeadlineExceeded(f"{self._called} has not answered within `{left_s:.3g}` s") from error

    def close(self) -> None:
        """Closes the connections."""
        self._pool.close()

    async def _ask(self, call: Call, until_s: float, *, is_idempotent: bool) -> Answer:
        tries = 0
        while True:
            try:
                connection = await self._pool.take()
            except OSError as error:
                failure: Exception = error
            else:
                was_kept = connection.is_used
                try:
                    return await connection.ask(self._head(call, until_s), call.payload.body)
                except NotAnswered as error:
                    failure = error
                    if error.has_begun or not is_idempotent:
                        tries = len(PAUSES_S)
                    elif was_kept:
                        continue  # it was closed while nothing was under way: that says nothing about the service
            if tries == len(PAUSES_S):
                raise Overloaded(f"{self._called} cannot be reached: {_reason(failure)}") from failure
            await asyncio.sleep(PAUSES_S[tries] * random.uniform(0.5, 1.5))
            tries += 1

    def _head(self, call: Call, until_s: float) -> bytes:
        address = self._address
        query = f"?{call.query}" if call.query else ""
        left_ms = max(1, int((until_s - asyncio.get_running_loop().time()) * 1000))
        fields = [
            ("host", address.authority),
            ("content-type", call.payload.content_type),
            ("content-length", str(len(call.payload.body))),
            ("x-request-id", call.request_id),
            (TIMEOUT_FIELD, str(left_ms)),
            *((name, value) for name, value in call.headers if name in TRAVELLING),
        ]
        lines = [f"{name}: {value}\r\n" for name, value in fields if value and not _UNSAFE.search(value)]
        target = f"{address.prefix}{call.path or f'/{call.endpoint}'}{query}"
        return f"POST {target} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1")


def _reason(error: Exception) -> str:
    """Why there is no answer, in a few words."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return text.lower()
