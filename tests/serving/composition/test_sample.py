"""Estimating rows: exact where the body is small, near where it is large, of which only the beginning is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.composition.sample import SAMPLES_BYTES, WHOLE_BYTES, beginning, estimate_rows
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.wire import JSON, Payload
from tests.serving.http.raw_client import connected, read_to_end, status_of
from tests.serving.server_process import serving, write_service

SPEC = InputSpec([Parameter("rows", list[object])])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


def estimate(body: bytes) -> int:
    return estimate_rows(lambda payload: SPEC.count_rows(payload, 0), Payload(JSON, body))


@given(VALUES, st.data(), st.booleans())
def test_the_beginning_of_any_json_is_json(value: object, data: st.DataObject, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii).encode()
    sample = beginning(text[: data.draw(st.integers(0, len(text)))])
    assert sample == b"" or json.loads(sample) is not None


@given(st.integers(1, 200))
def test_a_small_body_is_counted(rows: int) -> None:
    assert estimate(json.dumps({"rows": [[1, 2]] * rows}).encode()) == rows


@pytest.mark.parametrize("row", ["1", '"a, [b"', "[1.5, 2.5]", '{"a": [1, 2], "b": "}"}', f'"{"x" * 20_000}"'])
def test_a_large_body_is_estimated(row: str) -> None:
    count = 3_000_000 // len(row)
    assert estimate(f'{{"rows": [{", ".join([row] * count)}]}}'.encode()) == pytest.approx(count, rel=0.15)


@pytest.mark.parametrize(
    "body",
    [
        b'{"rows": [' + b"1," * 20_000_000 + b"1]}",
        b'{"rows": [[' + b"1," * 20_000_000 + b"1]]}",
        b'{"rows": ["' + b"x" * 300_000 + b'",' + b"1," * 20_000_000 + b"1]}",
        b'"' + b'\\"' * 20_000_000,
        b'"' * 40_000_000,
        b"[," * 20_000_000,
        b"]" * 40_000_000,
    ],
    ids=["numbers", "one row", "a long row first", "escapes", "quotes", "depth", "closers"],
)
def test_of_a_large_body_only_the_beginning_is_read(body: bytes) -> None:
    read: list[int] = []

    def count(payload: Payload) -> int:
        read.append(len(payload.body))
        return SPEC.count_rows(payload, 0)

    estimate_rows(count, Payload(JSON, body))
    assert all(size <= 2 * limit for size, limit in zip(read, SAMPLES_BYTES, strict=False))  # closed again: twice
    assert len(read) <= len(SAMPLES_BYTES)


SOURCE = """
import ekiben

@ekiben.service(name="Counter", workers=2)
class Counter:
    @ekiben.api(batchable=True)
    def count(self, rows: list[int]) -> list[int]:
        return rows
"""


def test_the_server_answers_while_a_body_of_many_rows_comes(tmp_path: Path) -> None:
    with serving(write_service(tmp_path / "project", SOURCE)) as server, connected(server.url) as connection:
        body = b'{"rows": [' + b"1," * 15_000_000 + b'"x"]}'
        connection.sendall(
            b"POST /count HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        connection.sendall(body)
        for _ in range(20):
            server.client.get("/livez").raise_for_status()
        assert status_of(read_to_end(connection)) == 400


@given(st.integers(WHOLE_BYTES + 1, 10 * WHOLE_BYTES))
def test_of_a_large_body_no_more_than_a_sample_is_counted(size: int) -> None:
    counted: list[int] = []

    def count(payload: Payload) -> int:
        counted.append(len(payload.body))
        return SPEC.count_rows(payload, 0)

    estimate_rows(count, Payload(JSON, b'{"rows": [' + b"1," * (size // 2) + b"1]}"))
    assert counted
    assert max(counted) <= max(SAMPLES_BYTES)


@pytest.mark.parametrize("media_type", ["application/x-npy", "multipart/form-data; boundary=X"])
def test_a_large_body_that_is_no_json_is_counted_as_it_is(media_type: str) -> None:
    payload = Payload(media_type, bytes(WHOLE_BYTES + 1))
    assert estimate_rows(lambda asked: 7 if asked is payload else 0, payload) == 7
