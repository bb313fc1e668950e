"""Changed files as unified diffs: what `patch` reads, and nothing that harms."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.packager.diff.files import FileChange, FileState
from ekiben.packager.diff.patch import MAX_BYTES, MAX_LINES, patch_lines


def change(old: bytes | None, new: bytes | None, path: str = "a") -> FileChange:
    sides = [None if one is None else FileState(Digest.of_bytes(one), len(one), False) for one in (old, new)]
    return FileChange(path, *sides)


def patched(folder: Path, old: bytes | None, new: bytes | None, path: str = "a") -> list[str]:
    for name, content in (("old", old), ("new", new)):
        (folder / name).mkdir()
        if content is not None:
            (folder / name / path).write_bytes(content)
    return patch_lines(change(old, new, path), folder / "old", folder / "new")


def test_a_change_is_shown_with_what_is_around_it(tmp_path: Path) -> None:
    assert patched(tmp_path, b"1\n2\n3\n", b"1\nx\n3\n") == [
        *("--- old/a", "+++ new/a", "@@ -1,3 +1,3 @@"),
        *(" 1", "-2", "+x", " 3"),
    ]


def test_a_file_that_came_or_went_is_against_nothing(tmp_path: Path) -> None:
    assert patched(tmp_path, None, b"1\n") == ["--- /dev/null", "+++ new/a", "@@ -0,0 +1 @@", "+1"]


def test_a_missing_last_line_end_is_said(tmp_path: Path) -> None:
    assert patched(tmp_path, b"1\n", b"1")[3:] == ["-1", "+1", "\\ No newline at end of file"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "no text"),
        (b"a\0b", "no text"),
        (b"x" * (MAX_BYTES + 1), "larger than"),
        (b"\n" * (MAX_LINES + 1), "more than"),
    ],
)
def test_what_is_no_text_to_read_is_said_to_differ(tmp_path: Path, content: bytes, why: str) -> None:
    (line,) = patched(tmp_path, b"1\n", content)
    assert line.startswith(f"a: {why}")


def test_lines_that_repeat_without_end_are_not_compared(tmp_path: Path) -> None:
    repeated = b"".join(b"%d\n" % (number % 200) for number in range(9000))
    (line,) = patched(tmp_path, repeated, repeated + b"end\n")
    assert line == "a: too many lines that repeat"


def test_a_link_a_pipe_and_a_path_that_leaves_are_not_read(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "bento"
    secret.write_text("password\n")
    folder.mkdir()
    (folder / "link").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    for path in ("link", "up/secret", "pipe", "../secret", str(secret), "a\0b", "", "x" * 300):
        assert patch_lines(change(None, b"1", path), folder, folder) == [f"{path}: not there, or no plain file"]


# Any text but a carriage return, at which patch(1) takes a whole file for one of another system.
texts = st.text(st.sampled_from("ab\n-+@ \\\x0b\x85"), max_size=30)


@settings(max_examples=50)
@given(texts, texts)
def test_what_is_shown_can_be_applied(old: str, new: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = patched(folder, old.encode(), new.encode())
        if old == new:
            return
        script = "".join(f"{line}\n" for line in lines)
        subprocess.run(
            ["git", "apply", "--unidiff-zero", "-p1", "--directory=", "--unsafe-paths"],
            cwd=folder / "old",
            input=script.encode(),
            check=True,
        )
        assert (folder / "old/a").read_bytes() == new.encode()
