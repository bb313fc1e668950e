"""What a service may say about its reply, and that what it may not say is a 500 in words: real sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.server_process import ServerProcess, serving, write_service

SOURCE = """
import ekiben

@ekiben.service(name="Sayer")
class Sayer:
    @ekiben.api
    def status(self, code: int, ctx: ekiben.Context) -> str:
        ctx.response.status_code = code
        return "said"

    @ekiben.api
    def header(self, name: str, value: str, ctx: ekiben.Context) -> str:
        ctx.response.headers[name] = value
        return "said"

    @ekiben.api
    def cookie(self, text: str, ctx: ekiben.Context) -> str:
        ctx.response.cookies.append(text)
        return "said"

    @ekiben.api
    def fail(self, code: int) -> str:
        class Odd(ekiben.exceptions.EkibenError):
            error_code = code
        raise Odd("odd")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving(write_service(tmp_path_factory.mktemp("project"), SOURCE)) as server:
        yield server


@pytest.mark.parametrize("code", [200, 201, 299, 404, 599])
def test_a_status_of_a_reply_is_sent(server: ServerProcess, code: int) -> None:
    assert server.post("/status", code=code).status_code == code


@pytest.mark.parametrize("code", [99, 100, 101, 1000, -1])
@pytest.mark.parametrize("route", ["/status", "/fail"])
def test_another_status_is_500_in_words(server: ServerProcess, route: str, code: int) -> None:
    answer = server.post(route, code=code)
    assert answer.status_code == 500
    assert answer.json()["error"] == f"`{code}` is no status of a reply"
    assert f"`{code}` is no status of a reply" in server.output()


@pytest.mark.parametrize("name", ["Date", "Upgrade", "Trailer", "Keep-Alive", "Connection", "X-Request-ID"])
def test_a_header_of_the_server_is_500_in_words(server: ServerProcess, name: str) -> None:
    answer = server.post("/header", name=name, value="x")
    assert answer.status_code == 500
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert f"the header `{name}` is the server's to set" in server.output()


def test_a_header_of_two_lines_is_500_whatever_way_it_came(server: ServerProcess) -> None:
    answer = server.post("/cookie", text="a=b\r\nx-evil: 1")
    assert answer.status_code == 500
    assert "x-evil" not in answer.headers
