"""Patterns mean what git says that they mean."""

from __future__ import annotations

import pytest

from ekiben.packager.wildmatch import NotAPattern, parse_pattern


def matches(line: str, path: str) -> bool:
    pattern = parse_pattern(line)
    assert pattern is not None
    return pattern.matches(path)


@pytest.mark.parametrize(
    ("line", "path", "is_match"),
    [
        ("*.py", "a/b.py", True),
        ("*.py", "a.py/", True),
        ("*.py", "a.pyc", False),
        ("a", "a/b", False),
        ("a/", "a", False),
        ("a/", "b/a/", True),
        ("/a", "a", True),
        ("/a", "b/a", False),
        ("a/b", "a/b", True),
        ("a/b", "c/a/b", False),
        ("a/*", "a/b/c", False),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("**/c", "c", True),
        ("**/c", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("a/**/c", "a/bc", False),
        ("a/**", "a/", False),
        ("a/**", "a/b/c", True),
        ("a**c", "abbc", True),
        ("x/a**c", "x/a/c", False),
        ("**/a/**/c/**/e", "0/a/1/a/c/2/3/e", True),
        ("**/a/**/c/**/e", "0/a/1/a/2/3/e", False),
        ("[ab]c", "bc", True),
        ("[!ab]c", "bc", False),
        ("[^a]c", "bc", True),
        ("[]a]c", "]c", True),
        ("[a-c]", "b", True),
        ("[a-]", "-", True),
        (r"\!a", "!a", True),
        (r"\#a", "#a", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        ("a  ", "a", True),
        ("a\\ ", "a ", True),
        ("a\r", "a", True),
        ("é?", "éü", True),
    ],
)
def test_a_pattern_matches_what_git_matches(line: str, path: str, is_match: bool) -> None:
    assert matches(line, path) is is_match


@pytest.mark.parametrize("line", ["", "   ", "# words", "\r", "#"])
def test_blank_lines_and_comments_are_no_patterns(line: str) -> None:
    assert parse_pattern(line) is None


@pytest.mark.parametrize("line", ["!", "/", "!/", "//", "a//", "[", "[]", "[!]", "a[b", "a\\", "[[:none:]]", "x/[a/b]"])
def test_what_could_match_nothing_is_refused(line: str) -> None:
    with pytest.raises(NotAPattern):
        parse_pattern(line)
