"""/livez and /healthz: the front turns. /readyz: a worker is fit to serve, and the server is not on its way out."""

from __future__ import annotations

from collections.abc import Callable

from ekiben.errors import Overloaded
from ekiben.serving.failures import reply_to
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler
from ekiben.serving.wire import JSON, Payload, Reply

_OK = Reply(200, Payload(JSON, b'{"status":"ok"}'), (("cache-control", "no-store"),))


def health_routes(is_ready: Callable[[], bool]) -> dict[str, dict[str, Handler]]:
    """The three routes; `is_ready` is asked at each request."""

    async def alive(request: Request) -> Reply:
        return _OK

    async def ready(request: Request) -> Reply:
        return _OK if is_ready() else reply_to(Overloaded("no worker is ready"), request.id)

    return {"/livez": {"GET": alive}, "/healthz": {"GET": alive}, "/readyz": {"GET": ready}}
