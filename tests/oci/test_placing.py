"""A file is put in place whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from ekiben.oci.placing import STAGED, put_in_place


def test_folders_are_made_and_what_was_there_is_replaced(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        put_in_place(tmp_path / "a/b", content)
    assert (tmp_path / "a/b").read_bytes() == b"new"
    assert [one.name for one in (tmp_path / "a").iterdir()] == ["b"]


def test_a_refusal_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken/by").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        put_in_place(tmp_path / "taken", b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]


def test_an_empty_folder_gives_way(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    put_in_place(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / f"{STAGED}a").write_bytes(b"half of something longer")
    put_in_place(tmp_path / "a", b"new")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"a": b"new"}


def test_of_many_writers_at_once_one_is_the_last(tmp_path: Path) -> None:
    contents = [bytes([number]) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(partial(put_in_place, tmp_path / "a"), contents * 20))
    assert (tmp_path / "a").read_bytes() in contents
    assert [one.name for one in tmp_path.iterdir()] == ["a"]
