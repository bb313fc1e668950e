"""Multipart bodies, within limits."""

import contextlib
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import BadInput
from ekiben.serving.payload.multipart import MAX_PARTS, parse_multipart
from ekiben.serving.wire import Payload


def test_parts_come_back_in_order_with_their_names(form: Callable[..., Payload]) -> None:
    first, second = parse_multipart(form(("a", None, b"1"), ("b", 'x "y".txt'.replace('"', "%22"), b"2\r\n--X")))
    assert (first.name, first.file_name, first.content) == ("a", None, b"1")
    assert (second.name, second.file_name, second.content) == ("b", "x %22y%22.txt", b"2\r\n--X")


def test_the_content_type_of_a_part_is_kept() -> None:
    head = b'--e\r\nContent-Disposition: form-data; name="a"; filename="b"\r\nContent-Type: image/png\r\n\r\n'
    (part,) = parse_multipart(Payload("multipart/form-data; boundary=e", head + b"x\r\n--e--\r\n"))
    assert part.content_type == "image/png"


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("multipart/form-data", b"", "names no boundary"),
        ("multipart/form-data; boundary=" + "x" * 71, b"", "names no boundary"),
        ("multipart/form-data; boundary=e", b"", "last boundary is missing"),
        ("multipart/form-data; boundary=e", b"hello", "no multipart form"),
        ("multipart/form-data; boundary=e", b"--e\r\n\r\nx\r\n--e--\r\n", "has no name"),
        ("multipart/form-data; boundary=e", b'--e\r\nContent-Disposition: form-data; name="a"\r\n\r\nx', "is missing"),
        (
            "multipart/form-data; boundary=e",
            b"--e\r\nX: " + b"y" * 9000 + b"\r\n\r\nx\r\n--e--\r\n",
            "no multipart form",
        ),
        ("multipart/form-data; boundary=e", b"--e\r\n" + b"X: y\r\n" * 50 + b"\r\nx\r\n--e--\r\n", "no multipart form"),
    ],
)
def test_what_is_no_form_is_refused(content_type: str, body: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        parse_multipart(Payload(content_type, body))


def test_more_parts_than_the_limit_are_refused(form: Callable[..., Payload]) -> None:
    parts = [("a", None, b"")] * MAX_PARTS
    assert len(parse_multipart(form(*parts))) == MAX_PARTS
    with pytest.raises(BadInput, match=f"more than {MAX_PARTS} parts"):
        parse_multipart(form(*parts, ("a", None, b"")))


@pytest.mark.parametrize(
    "body",
    [
        b"--e--" + b"-" * 4_000_000,
        b"--e\r\n" + b"\r" * 4_000_000,
        b'--e\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"\r\n--" * 1_000_000 + b"\r\n--e--\r\n",
    ],
)
def test_a_hostile_body_costs_no_more_than_its_length(body: bytes) -> None:
    begun = time.monotonic()
    with contextlib.suppress(BadInput):
        parse_multipart(Payload("multipart/form-data; boundary=e", body))
    assert time.monotonic() - begun < 10


@given(st.binary(max_size=300))
def test_any_content_comes_back_as_it_was_sent(content: bytes) -> None:
    body = b'--edge-7\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + content + b"\r\n--edge-7--\r\n"
    (part,) = parse_multipart(Payload("multipart/form-data; boundary=edge-7", body))
    assert part.content == content


@given(st.binary(max_size=300))
def test_any_body_is_a_form_or_refused(body: bytes) -> None:
    with contextlib.suppress(BadInput):
        parse_multipart(Payload("multipart/form-data; boundary=e", body))
