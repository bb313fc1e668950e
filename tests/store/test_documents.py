from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import DamagedItem
from ekiben.store.documents import Document, dump_document, parse_document, read_document
from tests.store.test_plain import values

documents = st.dictionaries(st.text(), values)


@given(documents)
def test_what_is_written_reads_back(content: dict[str, object]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.yaml"
        path.write_bytes(dump_document(content))
        assert read_document(path).content == content


@given(documents)
def test_any_yaml_reader_reads_it(content: dict[str, object]) -> None:
    assert yaml.safe_load(dump_document(content)) == content


def test_one_object_named_twice_is_written_twice() -> None:
    shared = {"dim": 0}
    assert dump_document({"a": shared, "b": shared}) == dump_document({"a": {"dim": 0}, "b": {"dim": 0}})


def test_long_and_many_lined_text_stays_readable() -> None:
    assert dump_document({"a": "word " * 50 + "end", "b": "one\ntwo\n"}).count(b"\n") == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "is no YAML"),
        (b"- a", "holds no mapping"),
        (b"", "holds no mapping"),
        (b"a: 2026-13-45", "no YAML"),
        (b"a: \xff", "no YAML"),
        (b'a: !!int ""', "no YAML"),
        (b"a: !!bool x", "no YAML"),
        (b"a: !!timestamp x", "no YAML"),
    ],
)
def test_what_is_no_mapping_is_damage(content: bytes, message: str) -> None:
    with pytest.raises(DamagedItem, match=message):
        parse_document(Path("x.yaml"), content)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_what_nests_too_deeply_is_damage_and_ends_no_process(opening: str) -> None:
    with pytest.raises(DamagedItem, match="nests more than 200 levels deep"):
        parse_document(Path("x.yaml"), opening.encode() * 30_000)


def test_an_alias_is_damage() -> None:
    bomb = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    with pytest.raises(DamagedItem, match=r"the alias `\*a`"):
        parse_document(Path("x.yaml"), bomb)
    assert parse_document(Path("x.yaml"), b"a: 2 * 3\nb: '*'\n").content == {"a": "2 * 3", "b": "*"}


def test_a_file_of_any_size_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "x.yaml").open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(DamagedItem, match="is larger than 16777216 bytes"):
        read_document(tmp_path / "x.yaml")


def test_keys_of_another_type_are_damage_that_names_file_and_key() -> None:
    document = Document(Path("x.yaml"), {"name": 7, "labels": {"a": 1}, "models": ["iris"]})
    with pytest.raises(DamagedItem, match=r"`name` in `x\.yaml` has another type"):
        document.text("name")
    with pytest.raises(DamagedItem, match=r"`missing` in `x\.yaml` is missing"):
        document.text("missing")
    with pytest.raises(DamagedItem, match="`a`"):
        document.texts("labels")
    with pytest.raises(DamagedItem, match="`models`"):
        document.each("models")
