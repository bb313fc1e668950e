"""Request ids: the client's where it is harmless, else ours, never twice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.http.request import request_id


@pytest.mark.parametrize("sent", [b"abc", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", b"a/b:c@d=="])
def test_a_harmless_id_is_kept(sent: bytes) -> None:
    assert request_id(sent) == sent.decode()


@given(st.binary(max_size=200))
def test_an_id_is_safe_in_headers_and_logs_whatever_was_sent(sent: bytes) -> None:
    assert re.fullmatch(r"[\w.:/+=@-]{1,128}", request_id(sent), re.ASCII)


def test_new_ids_differ() -> None:
    assert len({request_id(None) for _ in range(1000)}) == 1000
