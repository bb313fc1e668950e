"""YAML with its places."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import BentofileError
from ekiben.packager.bentofile.document import Place, dotted, read_yaml

scalars = st.one_of(st.text("abc 09.:#", max_size=6), st.integers(), st.booleans(), st.none())
trees = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1), inner)
    ),
)


@given(trees)
def test_the_data_is_what_yaml_says(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("yaml") / "file.yaml"
    path.write_text(yaml.safe_dump(tree))
    assert read_yaml(path).data == tree


def read(tmp_path: Path, text: str) -> dict[tuple[str | int, ...], Place]:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    document = read_yaml(path)
    assert document.place_of(("nowhere",)) == document.values.get(())
    return document.values


def test_every_value_has_line_column_and_text(tmp_path: Path) -> None:
    values = read(tmp_path, "a: 1.0\nb:\n  - x\n  - {c: 0x10}\n")
    assert values["a",] == Place(1, 4, "1.0")
    assert values["b", 1, "c"] == Place(4, 9, "0x10")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3\n", ":3:1: the key `a` is written twice"),
        ("a:\n  b: 1\n  b: 1\n", ":3:3: the key `b` is written twice"),
        ("a: [1\n", ":2:1: this is no YAML"),
        ("a: b: c\n", ":1:5: this is no YAML"),
        ("a: !!python/name:os.system x\n", ":1:4: this is no YAML"),
        ("a: \x07\n", ": this is no YAML"),
        ("? [a]\n: b\n", ":1:3: this is no YAML"),
        ("a: 2024-13-45\n", ": this is no YAML: month must be in 1..12"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(BentofileError) as caught:
        read_yaml(path)
    assert f"{path}{complaint}" in caught.value.message


def test_merged_and_repeated_nodes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n")
    document = read_yaml(path)
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}
    assert document.place_of(("d", "b")) == Place(3, 4)


def test_a_document_that_holds_itself_ends(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: &x [*x]\n")
    assert read_yaml(path).place_of(("a", 0, 0)) is not None


def test_a_route_is_written_as_people_do() -> None:
    assert dotted(("docker", "system_packages", 0)) == "docker.system_packages[0]"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a:\n  b: 'x'\n  c: \"x\\uD800y\"\n", "3:6"),
        ('"\\uDC80": 1\n', "1:1"),
        ('a: [1, "\\uDC80"]\n', "1:8"),
    ],
)
def test_text_that_no_file_can_hold_is_refused_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(BentofileError, match=f":{place}: this holds half of a surrogate pair"):
        read(tmp_path, text)


@pytest.mark.parametrize("text", ["[" * 20_000, "a: " + "{b: " * 20_000, "\n".join(" " * n + "a:" for n in range(200))])
def test_levels_without_end_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BentofileError, match="more than 32 levels"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "value",
    ['!!int ""', '!!float ""', "!!bool x", "!!timestamp x", "2024-13-01", "1" * 5000],
)
def test_a_value_that_is_not_of_its_type_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(BentofileError, match="this is no YAML: "):
        read(tmp_path, f"a: {value}\n")
