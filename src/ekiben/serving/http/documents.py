"""/docs.json and /schema.json."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec

from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler
from ekiben.serving.wire import JSON, Payload, Reply


def document_routes(
    *,
    openapi: Callable[[], dict[str, object]],
    schema: Callable[[], dict[str, object]],
) -> dict[str, dict[str, Handler]]:
    """The two routes. The documents are made when they are first asked for, and kept."""
    return {
        "/docs.json": {"GET": _serve(cache(lambda: Payload(JSON, msgspec.json.encode(openapi()))))},
        "/schema.json": {"GET": _serve(cache(lambda: Payload(JSON, msgspec.json.encode(schema()))))},
    }


def _serve(make: Callable[[], Payload]) -> Handler:
    async def handler(request: Request) -> Reply:
        return Reply(200, make())

    return handler
