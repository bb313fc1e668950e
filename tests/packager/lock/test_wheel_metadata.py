"""A wheel's own words, or none."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.lock.wheel_metadata import wheel_headers


def packed(method: int = zipfile.ZIP_STORED, members: tuple[str, ...] = ("a-1.dist-info/METADATA",)) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for member in members:
            archive.writestr(member, "Name: a\nVersion: 1\n\nVersion: 2\n")
    return content.getvalue()


def test_the_headers_are_told_and_no_text_behind_them(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(packed())
    headers = wheel_headers(tmp_path / "a.whl")
    assert headers is not None
    assert headers.items() == [("Name", "a"), ("Version", "1")]


@pytest.mark.parametrize("members", [(), ("METADATA",), ("a-1.dist-info/METADATA", "b-1.dist-info/METADATA")])
def test_without_one_metadata_it_is_no_wheel(members: tuple[str, ...]) -> None:
    assert wheel_headers(io.BytesIO(packed(members=members))) is None


@given(
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=4),
    st.integers(0, 300),
)
def test_no_damage_gives_an_error(method: int, changes: list[tuple[int, int]], length: int) -> None:
    content = bytearray(packed(method))
    for place, value in changes:
        content[place % len(content)] = value
    for damaged in (bytes(content), bytes(content[:length])):
        headers = wheel_headers(io.BytesIO(damaged))
        assert headers is None or headers.items() is not None
