"""A URL that stands where a file is asked for is never fetched: BentoML's CVE-2025-54381 and its later hardening."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.serving.chaos.target import reply_to, request, statuses
from tests.serving.server_process import ServerProcess


@pytest.fixture
def trap() -> Iterator[str]:
    """The URL of a socket that nobody must connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/latest/meta-data"
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_the_trap_catches() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        with socket.create_connection(listener.getsockname()):
            listener.accept()[0].close()


# As SSRF is usually dressed; `{url}` is the trap's.
DRESSES = [
    "{url}",
    "{url}#a.png",
    "{url}?x=.png",
    " {url}",
    "URL:{url}",
    "HTTP:{url}",
    "file:///etc/passwd",
    "/etc/passwd",
    "ftp://127.0.0.1/a",
    "gopher://127.0.0.1/a",
    "data:text/plain,abc",
    "s3://bucket/key",
    "\\\\127.0.0.1\\share",
]
ROUTES = [("/keep", "paper"), ("/size", "photo")]


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize(("route", "field"), ROUTES)
def test_a_url_in_json_or_in_a_form_is_400(
    target: ServerProcess, trap: str, route: str, field: str, dress: str
) -> None:
    url = dress.format(url=trap)
    bodies: list[object] = [url, {"url": url}, {"path": url}, [url]]
    assert all(target.client.post(route, json={field: body}).status_code in (400, 415) for body in bodies)
    assert target.client.post(route, files={field: (None, url)}).status_code == 400
    assert target.client.post(route, data={field: url}).status_code in (400, 415)


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/uri-list", {}),
        ('message/external-body; access-type=URL; URL="{url}"', {}),
        ("text/plain", {"content-location": "{url}"}),
        ("text/plain", {"x-file-url": "{url}", "link": "<{url}>; rel=preload"}),
    ],
)
def test_a_body_that_speaks_of_a_url_is_a_file_with_that_text(
    target: ServerProcess, trap: str, content_type: str, headers: dict[str, str]
) -> None:
    sent = {name: value.format(url=trap) for name, value in headers.items()}
    answer = target.client.post("/keep", content=trap, headers={"content-type": content_type.format(url=trap), **sent})
    assert answer.json()[1] == trap


def test_a_file_that_holds_a_url_is_that_file(target: ServerProcess, trap: str) -> None:
    assert target.client.post("/keep", files={"paper": ("a.url", trap)}).json()[1] == trap
    answer = target.client.post("/size", files={"photo": ("a.svg", f'<svg><image href="{trap}"/></svg>', "image/svg")})
    assert answer.status_code == 400


def test_a_request_for_another_host_is_not_passed_on(target: ServerProcess, trap: str) -> None:
    host = httpx.URL(trap).netloc.decode()
    for route in (trap, f"{trap}/../../livez"):
        assert statuses(reply_to(target.url, request(route, method="GET")))[0] in (400, 404)
    tunnel = f"CONNECT {host} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode()
    assert statuses(reply_to(target.url, tunnel + request("/livez", method="GET"))) in ([400], [405], [501])
    forwarded = request("/square", b'{"numbers": [2]}', x_forwarded_host=host, x_original_url=trap, host=host)
    assert reply_to(target.url, forwarded).endswith(b"[4]")


@pytest.mark.parametrize("route", ["/docs.json", "/schema.json", "/"])
def test_documents_do_not_repeat_the_host_that_a_client_names(target: ServerProcess, route: str) -> None:
    reply = reply_to(target.url, request(route, method="GET", host="evil.example", x_forwarded_host="evil.example"))
    assert statuses(reply) == [200]
    assert b"evil.example" not in reply
