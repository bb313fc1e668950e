"""JSON from strangers has one meaning and the types that are asked for; ours has one spelling."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import ImageError
from ekiben.oci.json_object import MAX_BYTES, Fields, canonical, present

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: not _has_surrogates(value))


def _has_surrogates(value: object) -> bool:
    return any("\ud800" <= one <= "\udfff" for one in json.dumps(value, ensure_ascii=False))


def fields(**content: object) -> Fields:
    return Fields(content, "the document")


@given(st.dictionaries(st.text().filter(lambda text: not _has_surrogates(text)), values, max_size=4))
def test_what_is_not_taken_is_kept_and_written_as_it_was(content: dict[str, object]) -> None:
    written = canonical(content)
    rest = Fields.parse(written, "the document").rest()
    assert rest == {name: value for name, value in content.items() if value is not None}
    assert canonical(json.loads(written)) == written


def test_the_spelling_is_sorted_and_without_whitespace() -> None:
    assert canonical({"b": [1, {"d": "é", "c": None}], "a": "<"}) == '{"a":"<","b":[1,{"c":null,"d":"é"}]}'.encode()


def test_nothing_said_is_left_out_but_not_a_zero() -> None:
    assert present(text="", none=None, empty=[], no=False, zero=0, yes=True, one=1) == {
        "zero": 0,
        "yes": True,
        "one": 1,
    }


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JSON"),
        (b"[]", "no JSON object"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":{"b":1,"b":1}}', "twice"),
        (b'{"a":NaN}', "`NaN` is no number"),
        (b'{"a":-Infinity}', "is no number"),
        (b'{"a":"\\ud800"}', "no JSON"),
        (b'{"a":"\xff"}', "no JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "no JSON"),
        (b'{"a":' + b"9" * 5_000 + b"}", "no JSON"),
        (b'{"a":1} {"a":1}', "no JSON"),
        (b'{"a":"' + b"x" * MAX_BYTES + b'"}', "larger than"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_two_readers_could_understand_differently_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(ImageError, match=why) as caught:
        Fields.parse(content, "the document")
    assert str(caught.value).startswith("the document ")


@pytest.mark.parametrize(
    ("take", "value", "why"),
    [
        (Fields.text, 1, "`field` of the document is no text"),
        (Fields.needed_text, "", "`field` of the document is missing"),
        (Fields.number, -1, "no whole number"),
        (Fields.number, True, "no whole number"),
        (Fields.number, 1.0, "no whole number"),
        (Fields.needed_number, None, "is missing"),
        (Fields.flag, 0, "neither true nor false"),
        (Fields.items, {}, "no list"),
        (Fields.texts, ["a", 1], "no list of texts"),
        (Fields.names, [], "no object"),
        (Fields.mapping, {"a": 1}, "no mapping of texts"),
        (Fields.fields, [], "`field` of the document is no JSON object"),
        (Fields.listed, [{}, 1], r"`field\[1\]` of the document is no JSON object"),
    ],
)
def test_a_value_of_another_type_is_refused(take: Callable[[Fields, str], object], value: object, why: str) -> None:
    with pytest.raises(ImageError, match=why):
        take(fields(field=value), "field")


def test_a_null_is_an_absent_field() -> None:
    document = fields(field=None)
    assert document.text("field") == ""
    assert document.number("field") is None
    assert not document.flag("field")
    assert document.items("field") == []
    assert document.command("field") is None
    assert document.mapping("field") == {}
    assert document.fields("field") is None
    assert document.rest() == {}


def test_a_list_of_objects_says_which_of_them_is_wrong() -> None:
    with pytest.raises(ImageError, match=r"`\[1\]` of the document is no JSON object"):
        Fields.parse_list(b"[{},1]", "the document")
    with pytest.raises(ImageError, match="no JSON list"):
        Fields.parse_list(b"{}", "the document")
