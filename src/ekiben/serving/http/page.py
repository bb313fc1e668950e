"""The page at /: Swagger UI over /docs.json.

The page asks no other host, and its policy forbids it to: scripts and styles come from /static/, nothing is inline but
the styles that Swagger UI sets.
"""

from __future__ import annotations

import asyncio
import html
from pathlib import Path

from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler
from ekiben.serving.http.swagger_ui import FILES, swagger_folder
from ekiben.serving.wire import Payload, Reply

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFE = (("x-content-type-options", "nosniff"),)
_KEPT = (*_SAFE, ("cache-control", "public, max-age=3600"))
_START = b"""\
window.addEventListener("load", function () {
  window.ui = SwaggerUIBundle({
    url: "docs.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
});
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/png" href="static/favicon-32x32.png">
<link rel="stylesheet" href="static/swagger-ui.css">
<script src="static/swagger-ui-bundle.js" defer></script>
<script src="static/start.js" defer></script>
</head>
<body>
<div id="swagger-ui"></div>
<noscript>The API is described in <a href="docs.json">docs.json</a>.</noscript>
</body>
</html>
"""


def page_routes(title: str) -> dict[str, dict[str, Handler]]:
    """The page, titled with the service's name, and its files. Its paths are relative, so it works behind a prefix."""
    page = Payload("text/html; charset=utf-8", _PAGE.format(title=html.escape(title)).encode())
    start = Payload("text/javascript; charset=utf-8", _START)
    routes = {
        "/": {"GET": _constant(Reply(200, page, (*_SAFE, ("content-security-policy", POLICY))))},
        "/static/start.js": {"GET": _constant(Reply(200, start, _KEPT))},
    }
    folder = swagger_folder()
    if folder is not None:
        routes |= {f"/static/{name}": {"GET": _file(folder / name, kind)} for name, kind in FILES.items()}
    return routes


def _constant(reply: Reply) -> Handler:
    async def handler(request: Request) -> Reply:
        return reply

    return handler


def _file(path: Path, content_type: str) -> Handler:
    async def handler(request: Request) -> Reply:
        content = await asyncio.to_thread(path.read_bytes)
        return Reply(200, Payload(content_type, content), _KEPT)

    return handler
