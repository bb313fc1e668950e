"""Arguments by name, whatever they come from: a command line, a file, a caller."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import BentofileError, PathNotFound, UsageError
from ekiben.packager.arguments import MAX_BYTES, arguments_of, checked_arguments, given_arguments, read_argument_file
from ekiben.packager.bentofile.grammar import Refused

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def test_a_file_has_the_types_that_it_writes(tmp_path: Path) -> None:
    (tmp_path / "args.yaml").write_text("gpus: 2\nname: llama\ntemperature: 0.5\nstop: [a, b]\n")
    expected = {"gpus": 2, "name": "llama", "stop": ["a", "b"], "temperature": 0.5}
    assert read_argument_file(tmp_path / "args.yaml") == expected
    (tmp_path / "args.json").write_text(json.dumps(expected))
    assert read_argument_file(tmp_path / "args.json") == expected


@pytest.mark.parametrize("name", ["prod.env", ".env"])
def test_a_file_of_variables_gives_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# sizes\nexport gpus=2\nname='a b'\n")
    assert read_argument_file(tmp_path / name) == {"gpus": "2", "name": "a b"}


def test_the_command_line_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "args.yaml").write_text("gpus: 2\nname: llama\n")
    assert arguments_of(tmp_path / "args.yaml", {"gpus": "4"}) == {"gpus": "4", "name": "llama"}
    assert arguments_of(None, {}) == {}


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("args.yaml", "[a, b]\n", "holds no arguments by name"),
        ("args.yaml", "1: a\n", "`1` is no name of an argument"),
        ("args.yaml", "a b: c\n", "`a b` is no name of an argument"),
        ("args.yaml", "day: 2026-01-01\n", "`day` is of type `date`"),
        ("args.yaml", "far: .inf\n", "`far` is of type `float`"),
        ("args.yaml", "deep: {1: a}\n", "`deep` is of type `dict`"),
        ("args.yaml", "url: https://me:hunter2@host.example/\n", "`url` holds credentials"),
        ("args.json", "{", "is no JSON"),
        ("args.json", "[" * 100_000, "is no JSON"),
        (".env", "lonely\n", "has no `NAME=value` as item 1"),
    ],
)
def test_a_file_that_holds_no_arguments_is_refused(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=complaint) as caught:
        read_argument_file(tmp_path / name)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "args.yaml").write_text("a: 1\nb: [\n")
    with pytest.raises(BentofileError, match=r"args\.yaml:3:1: "):
        read_argument_file(tmp_path / "args.yaml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound, match="does not exist"):
        read_argument_file(tmp_path / "none.yaml")


@pytest.mark.parametrize("value", [date(2026, 1, 1), object(), {1: "a"}, b"bytes", 2**70, float("nan"), "\ud800"])
def test_what_has_no_form_in_json_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        given_arguments({"a": value})


def test_more_than_a_process_can_be_told_is_refused() -> None:
    with pytest.raises(UsageError, match="is the most"):
        given_arguments({"a": "x" * MAX_BYTES})


def test_levels_have_an_end() -> None:
    deep: object = "end"
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(UsageError, match="levels"):
        given_arguments({"a": deep})


@given(st.dictionaries(NAMES, PLAIN, max_size=4))
def test_arguments_come_back_from_json_as_they_were(values: dict[str, object]) -> None:
    checked = checked_arguments(values)
    assert json.loads(json.dumps(checked)) == checked == values
    assert list(checked) == sorted(values)


@given(st.dictionaries(st.text() | st.integers(), st.text() | st.dates() | st.binary(), max_size=3))
def test_any_mapping_is_taken_or_refused_in_words(values: dict[object, object]) -> None:
    with suppress(Refused):
        assert checked_arguments(values) == values
