"""Streams, cut anywhere, give the same items."""

from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from ekiben.clients.endpoints import ClientEndpoint
from ekiben.clients.pieces import PieceReader

TEXT = ClientEndpoint("words", "/words", {}, {"type": "string", "is_stream": True}, is_stream=True)
LINES = ClientEndpoint("counts", "/counts", {}, {"is_stream": True}, is_stream=True)


def items_of(endpoint: ClientEndpoint, content_type: str, body: bytes, cuts: list[int]) -> list[object]:
    """What the stream gives when it comes cut there."""
    reader = PieceReader(endpoint, content_type)
    places = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    found: list[object] = []
    for start, end in itertools.pairwise(places):
        found += reader.feed(body[start:end])
    return found + list(reader.end())


@given(st.text(max_size=40), st.lists(st.integers(0, 200), max_size=6))
def test_text_is_never_cut_inside_a_character(text: str, cuts: list[int]) -> None:
    body = text.encode()
    assert "".join(str(one) for one in items_of(TEXT, "text/plain; charset=utf-8", body, cuts)) == text


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers()), max_size=5), st.lists(st.integers(0, 200)))
def test_lines_of_json_are_values_however_they_come(values: list[dict[str, int]], cuts: list[int]) -> None:
    body = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    assert items_of(LINES, "application/x-ndjson", body, cuts) == values


def test_bytes_are_given_as_they_come() -> None:
    assert items_of(TEXT, "application/octet-stream", b"abc", [1]) == [b"a", b"bc"]
