"""A file is put in place whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.packager.placing import put_in_place


def test_folders_are_made_and_what_was_there_is_replaced(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        put_in_place(tmp_path / "a/b", content)
    assert (tmp_path / "a/b").read_bytes() == b"new"
    assert [one.name for one in (tmp_path / "a").iterdir()] == ["b"]


def test_a_refusal_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        put_in_place(tmp_path / "taken", b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["taken"]
