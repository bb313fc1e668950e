"""What a file in an archive may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import ArchiveError
from ekiben.store.archive.names import MAX_PATH_BYTES, NameRegister, check_path, shown


@pytest.mark.parametrize("path", ["a", "a/b", "a b", "ä/ö.txt", "...", ".hidden", "a..b", "-rf", "~", "C:x", "👩‍💻"])
def test_plain_relative_names_are_taken(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is not relative"),
        ("//etc/passwd", "is not relative"),
        ("../x", "leads out"),
        ("a/../../x", "leads out"),
        ("a/..", "leads out"),
        ("a//b", "has an empty part"),
        ("a/./b", "has an empty part"),
        ("a/", "has an empty part"),
        ("a\\..\\b", "has a backslash"),
        ("a\0b", "is not shown"),
        ("a\nb", "is not shown"),
        ("a\x1b[2Jb", "is not shown"),
        ("gpj.\u202etxt", "is not shown"),
        ("a\udc80", "is no UTF-8"),
        ("x" * 256, "is too long"),
        ("ä" * 128, "is too long"),
        ("x/" * 600 + "x", "is too long"),
        ("x/" * 70 + "x", "is too long"),
    ],
)
def test_a_name_that_could_mean_another_place_is_refused(path: str, reason: str) -> None:
    with pytest.raises(ArchiveError, match=reason):
        check_path(path)


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_whatever_a_name_is_the_answer_is_a_safe_name_or_a_reason_that_can_be_printed(path: str) -> None:
    reason = refusal(path)
    if reason is None:
        assert len(path.encode()) <= MAX_PATH_BYTES
        assert not path.startswith("/")
        assert ".." not in path.split("/")
    else:
        assert reason.encode()
        assert "\x1b" not in reason


def refusal(path: str) -> str | None:
    try:
        check_path(path)
    except ArchiveError as error:
        return str(error)
    return None


def test_a_long_name_is_shortened_in_messages() -> None:
    assert shown("x" * 500) == "x" * 120 + "…"


@pytest.mark.parametrize(
    "names",
    [("a", "a"), ("a", "A"), ("a", "a/b"), ("a/b", "a"), ("A/b", "a/c"), ("straße", "STRASSE"), ("é", "e\u0301")],
)
def test_two_names_that_some_file_system_takes_for_one_are_refused(names: tuple[str, str]) -> None:
    register = NameRegister()
    register.add_file(names[0])
    with pytest.raises(ArchiveError):
        register.add_file(names[1])


def test_a_folder_may_be_named_any_number_of_times() -> None:
    register = NameRegister()
    register.add_file("a/b")
    register.add_folder("a")
    register.add_folder("a")
    register.add_file("a/c")
