"""Header fields by name."""

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.declare.headers import Headers, MutableHeaders


def test_names_are_looked_up_in_any_case() -> None:
    headers = Headers([("X-Tenant", "Ada")])
    assert headers["x-tenant"] == headers["X-TENANT"] == "Ada"
    assert "X-tenant" in headers
    assert headers.get("other") is None
    assert dict(headers) == {"x-tenant": "Ada"}


def test_a_field_sent_twice_is_one_value() -> None:
    assert Headers([("accept", "a"), ("Accept", "b")])["accept"] == "a, b"


def test_a_header_of_the_reply_can_be_set_changed_and_removed() -> None:
    headers = MutableHeaders()
    headers["X-A"] = "1"
    headers["x-a"] = "2"
    headers["x-b"] = "3"
    del headers["X-B"]
    assert dict(headers) == {"x-a": "2"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-a", "1\r\nset-cookie: a=b"),
        ("x-a", "1\nx"),
        ("x-a", "\u2028"),
        ("x a", "1"),
        ("x:a", "1"),
        ("", "1"),
        ("Content-Length", "3"),
        ("transfer-encoding", "chunked"),
        ("Date", "today"),
        ("X-Request-ID", "mine"),
        ("Upgrade", "h2c"),
        ("trailer", "x-a"),
        ("Keep-Alive", "timeout=5"),
    ],
)
def test_what_would_break_the_framing_of_the_reply_is_refused(name: str, value: str) -> None:
    headers = MutableHeaders()
    with pytest.raises(ServiceError):
        headers[name] = value
    assert not dict(headers)
