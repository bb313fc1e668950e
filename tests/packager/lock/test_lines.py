"""Requirement files come as logical lines, nested ones included."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.lines import Line, logical_lines, read_lines


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def test_comments_blank_lines_and_continuations_are_gone() -> None:
    text = "# head\n\nidna==3.10 \\\n    --hash=sha256:aa  # why\ncertifi#not-a-comment\r\nx \\"
    assert list(logical_lines(text)) == [(3, "idna==3.10 --hash=sha256:aa"), (5, "certifi#not-a-comment"), (6, "x")]


@pytest.mark.parametrize(
    "option", ["-r sub/more.txt", "-rsub/more.txt", "--requirement=sub/more.txt", "--requirement 'sub/more.txt'"]
)
def test_a_nested_file_is_followed_in_every_spelling(project: Path, option: str) -> None:
    (project / "sub").mkdir()
    (project / "sub/more.txt").write_text("a\n-r other.txt\n", encoding="utf-8-sig")
    (project / "sub/other.txt").write_text("b\n")
    assert texts(read_lines([option, "c"], project)) == ["a", "b", "c"]


def test_a_nested_constraint_file_gives_constraints(project: Path) -> None:
    (project / "limits.txt").write_text("a<2\n-r more.txt\n")
    (project / "more.txt").write_text("b<3\n")
    lines = read_lines(["a", "-c limits.txt"], project)
    assert [(line.text, line.is_constraint) for line in lines] == [("a", False), ("a<2", True), ("b<3", True)]


def test_files_that_name_each_other_end(project: Path) -> None:
    (project / "one.txt").write_text("a\n-r two.txt\n")
    (project / "two.txt").write_text("b\n-r one.txt\n")
    assert texts(read_lines(["-r one.txt"], project)) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../outside.txt", "outside of the project"),
        ("missing.txt", "does not exist"),
        ("https://host/r.txt", "a requirements file at a URL"),
        ("binary.txt", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(project: Path, name: str, message: str) -> None:
    (project.parent / "outside.txt").write_text("a\n")
    (project / "binary.txt").write_bytes(b"\xff\xfe\x00a")
    (project / "requirements.txt").write_text(f"a\n-r {name}\n")
    with pytest.raises(LockError, match=rf"^requirements\.txt:2: .*{message}"):
        read_lines(["-r requirements.txt"], project)
