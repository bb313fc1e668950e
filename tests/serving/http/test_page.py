"""The page at /: complete from this server alone, and safe whatever a service is called."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys

import pytest

from ekiben.serving.http.page import page_routes
from ekiben.serving.http.request import Request
from ekiben.serving.wire import Answer, Reply


def got(path: str, title: str = "Iris") -> Reply:
    """The reply to a GET."""
    handler = page_routes(title)[path]["GET"]

    async def ask() -> Answer:
        return await handler(Request("GET", path, "", (), {}, b"", "id"))

    reply = asyncio.run(ask())
    assert isinstance(reply, Reply)
    return reply


def test_every_file_that_the_page_names_is_served() -> None:
    page = bytes(got("/").payload.body).decode()
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) == 5
    for path in named:
        assert path == "docs.json" or got(f"/{path}").status == 200


@pytest.mark.parametrize(
    ("path", "content_type", "mark"),
    [
        ("/static/swagger-ui-bundle.js", "text/javascript; charset=utf-8", b"SwaggerUIBundle"),
        ("/static/swagger-ui.css", "text/css; charset=utf-8", b".swagger-ui"),
        ("/static/favicon-32x32.png", "image/png", b"\x89PNG"),
        ("/static/start.js", "text/javascript; charset=utf-8", b"docs.json"),
    ],
)
def test_the_files_are_the_packages_own(path: str, content_type: str, mark: bytes) -> None:
    payload = got(path).payload
    assert payload.content_type == content_type
    assert mark in payload.body


def test_the_page_asks_no_other_host_and_runs_no_inline_script() -> None:
    reply = got("/")
    page = bytes(reply.payload.body).decode()
    assert "://" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)
    policy = dict(reply.headers)["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy


def test_a_name_cannot_break_out_of_the_title() -> None:
    page = got("/", "</title><script>alert(1)</script>").payload.body
    assert b"<script>alert" not in page


def test_the_carrier_is_not_imported() -> None:
    code = "import sys; from ekiben.serving.http.page import page_routes; page_routes('x'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "ekiben.serving.http.page" in modules
    assert not {"fastapi", "fastapi_swagger", "starlette"} & set(modules)
