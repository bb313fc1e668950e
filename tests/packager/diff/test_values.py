"""Nested values by dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.diff.values import diff_values, leaves

texts = st.text(st.characters(codec=None), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts, inner, max_size=3)
        | st.lists(st.builds(lambda name, one: {"name": name, "x": one}, texts, inner), max_size=3)
    ),
    max_leaves=12,
)
documents = st.dictionaries(texts, values, max_size=4)


def changed(old: Mapping[str, object], new: Mapping[str, object]) -> list[tuple[str, object, object]]:
    return [(one.path, one.old and one.old.value, one.new and one.new.value) for one in diff_values(old, new)]


def test_a_path_has_a_dot_for_every_level() -> None:
    assert changed({"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 1}}) == [("a.b", 1, 2)]


def test_a_mapping_that_was_filled_or_emptied_is_told_by_its_keys() -> None:
    assert changed({"labels": {}, "a": {}}, {"labels": {"owner": "us"}, "b": {}}) == [
        ("a", {}, None),
        ("b", None, {}),
        ("labels.owner", None, "us"),
    ]


def test_members_with_names_are_compared_by_them() -> None:
    old = {"services": [{"name": "A", "workers": 1}, {"name": "B", "workers": 1}]}
    new = {"services": [{"name": "B", "workers": 2}, {"name": "A", "workers": 1}]}
    assert changed(old, new) == [("services", ["A", "B"], ["B", "A"]), ("services[B].workers", 1, 2)]


def test_any_other_list_is_one_value() -> None:
    assert changed({"packages": ["a"]}, {"packages": ["b", "a"]}) == [("packages", ["a"], ["b", "a"])]
    twice = [{"name": "A"}, {"name": "A"}]
    assert changed({"x": twice}, {"x": []}) == [("x", twice, [])]


def test_what_is_not_there_is_not_null() -> None:
    (change,) = diff_values({"a": None}, {})
    assert (change.kind, change.new) == ("removed", None)
    assert change.old is not None
    assert change.old.value is None


def test_values_of_other_types_differ_though_they_are_equal() -> None:
    assert [one.path for one in diff_values({"a": 1, "b": 1.0}, {"a": True, "b": 1})] == ["a", "b"]


def test_a_key_that_holds_what_paths_are_made_of_is_quoted() -> None:
    assert list(leaves({"labels": {"a.b": "1", "c[d]": "2", "": "3"}})) == [
        'labels."a.b"',
        'labels."c[d]"',
        'labels.""',
    ]


@given(documents)
def test_a_document_does_not_differ_from_itself(document: dict[str, object]) -> None:
    assert diff_values(document, document) == ()


@given(documents, documents)
def test_the_other_way_round_old_and_new_change_places(old: dict[str, object], new: dict[str, object]) -> None:
    assert tuple(replace(one, old=one.new, new=one.old) for one in diff_values(old, new)) == diff_values(new, old)


@given(documents, documents)
def test_documents_that_differ_have_a_change(old: dict[str, object], new: dict[str, object]) -> None:
    assert bool(diff_values(old, new)) == (leaves(old) != leaves(new))
