"""/livez and /healthz: the front turns, and no service says that it is beyond hope. /readyz: a worker is fit to serve,
and the server is not on its way out.
"""

from __future__ import annotations

from collections.abc import Callable

from ekiben.errors import Overloaded
from ekiben.serving.failures import reply_to
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler
from ekiben.serving.wire import JSON, Payload, Reply

_OK = Reply(200, Payload(JSON, b'{"status":"ok"}'), (("cache-control", "no-store"),))


def health_routes(*, is_alive: Callable[[], bool], is_ready: Callable[[], bool]) -> dict[str, dict[str, Handler]]:
    """The three routes; both are asked at each request, and know the answer already."""

    async def alive(request: Request) -> Reply:
        return _OK if is_alive() else reply_to(Overloaded("the service says that it is not alive"), request.id)

    async def ready(request: Request) -> Reply:
        return _OK if is_ready() else reply_to(Overloaded("no worker is ready"), request.id)

    return {"/livez": {"GET": alive}, "/healthz": {"GET": alive}, "/readyz": {"GET": ready}}
