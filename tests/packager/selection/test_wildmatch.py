"""Patterns mean what git says that they mean."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from ekiben.packager.selection.wildmatch import NotAPattern, parse_pattern, pattern_of_folder


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
        ("a/**/", "a/", False),
        ("a/**/", "a/b/", True),
        ("*/", "a/", True),
        ("*/", "a/b", False),
        ("a**c", "abbc", True),
        ("x/a**c", "x/a/c", False),
        ("**/a/**/c/**/e", "0/a/1/a/c/2/3/e", True),
        ("**/a/**/c/**/e", "0/a/1/a/2/3/e", False),
        ("[ab]c", "bc", True),
        ("[!ab]c", "bc", False),
        ("[^a]c", "bc", True),
        ("a[!b]c", "a/c", False),
        ("a[.-0]c", "a/c", False),
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


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("*a" * 40 + "b", "a" * 250),
        ("*[a]" * 40 + "b", "a" * 250),
        ("*" * 40 + "b", "a" * 250),
        ("x/" + "*a" * 40 + "b", "x/" + "a" * 250),
        ("**/a/" * 40 + "b", "a/" * 1000 + "c"),
        ("x/**/" + "*a/**/" * 40 + "b", "x/" + "a/" * 1000 + "c"),
    ],
)
def test_a_hostile_pattern_is_answered(line: str, path: str) -> None:
    assert not matches(line, path)  # where every gap tried every length, no lifetime would be enough


_SEGMENTS = st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=5).filter(lambda text: "**" not in text))
_PATHS = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=6).map("/".join)


@given(
    line=st.lists(_SEGMENTS, min_size=1, max_size=6).map("/".join).filter(lambda line: not line.endswith("**")),
    path=_PATHS,
)
def test_what_a_gap_keeps_does_not_change_what_matches(line: str, path: str) -> None:
    regex = GitIgnoreSpecPattern(line).regex
    assert regex is not None
    assume(regex.pattern.startswith("^"))  # else it is searched for, as `*` is
    assert matches(line, path) is (regex.fullmatch(path) is not None)


NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
NAMES = NAMES.filter(lambda name: name not in (".", ".."))


@settings(max_examples=2000)
@given(st.lists(NAMES, min_size=1, max_size=3), NAMES)
def test_the_pattern_of_a_folder_matches_it_and_no_other(parts: list[str], other: str) -> None:
    folder = PurePosixPath(*parts)
    pattern = pattern_of_folder(folder)
    assert matches(pattern, f"{folder}/")
    assert not matches(pattern, str(folder))
    assert not matches(pattern, f"{other}/{folder}/")
    assert matches(pattern, f"{folder.with_name(other)}/") == (other == folder.name)
