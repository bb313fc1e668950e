"""Opening what nobody trusts: a file opens, a link or a pipe is refused, and nothing waits for a writer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.store.archive.member import Member
from ekiben.store.plain_file import open_plain


def test_a_file_opens(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with open_plain(tmp_path / "file") as file:
        assert file.read() == b"content"


@pytest.mark.parametrize(
    "make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(__file__)], ids=["pipe", "folder", "link"]
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "other")
    with pytest.raises(OSError, match="other"):
        open_plain(tmp_path / "other")
    with pytest.raises(OSError, match="other"):
        list(Member("other", tmp_path / "other", 0).chunks())
