"""/metrics: the page that Prometheus reads, in the format that it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler
from ekiben.serving.wire import Payload, Reply


def scrape_routes(page: Callable[[str], Awaitable[Payload]]) -> dict[str, dict[str, Handler]]:
    """The one route; `page` is given the `Accept` header."""

    async def handler(request: Request) -> Reply:
        return Reply(200, await page(request.field(b"accept")))

    return {"/metrics": {"GET": handler}}
