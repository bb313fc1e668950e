"""The listening socket: addresses of both families, and one that cannot be had."""

from __future__ import annotations

import pytest

from ekiben.errors import UsageError
from ekiben.serving.http.h1.listener import address_of, listen, url_of


def test_a_free_port_is_found_and_told() -> None:
    with listen("127.0.0.1", 0) as listener:
        host, port = address_of(listener)
        assert (host, port > 0, url_of(listener)) == ("127.0.0.1", True, f"http://127.0.0.1:{port}")


def test_an_address_of_version_6_is_bracketed() -> None:
    with listen("::1", 0) as listener:
        assert url_of(listener) == f"http://[::1]:{address_of(listener)[1]}"


def test_a_taken_port_is_refused_with_a_remedy() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = address_of(listener)[1]
        with pytest.raises(UsageError, match="address already in use") as caught:
            listen("127.0.0.1", port)
    assert caught.value.hint == "choose another with --port"
