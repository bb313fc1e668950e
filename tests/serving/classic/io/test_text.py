"""`Text`."""

from __future__ import annotations

import pytest

from ekiben.errors import BadInput, ServiceError
from ekiben.io import Text
from tests.serving.classic.requests import read, written


def test_text_comes_and_goes_as_utf8() -> None:
    assert read(Text(), "ü".encode(), "text/plain") == "ü"
    assert written(Text(), "ü") == "ü".encode()


def test_bytes_that_are_no_text_are_a_400() -> None:
    with pytest.raises(BadInput, match="byte 1"):
        read(Text(), b"a\xff")


def test_another_result_is_the_services_fault() -> None:
    with pytest.raises(ServiceError, match="`int`"):
        written(Text(), 3)


def test_a_media_type_that_is_no_text_is_refused() -> None:
    with pytest.raises(ServiceError, match="image/png"):
        Text("image/png")


def test_a_sample_is_an_example() -> None:
    assert Text.from_sample(b"hello").documented() == {"type": "string", "examples": ["hello"]}
