"""Which models differ: found again by tag, alias or name."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.packager.diff.models import ModelChange, diff_models
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.tag import Tag


def entry(tag: str, alias: str | None = None, digest: str = "a") -> BentoModelEntry:
    return BentoModelEntry(Tag.parse(tag), Digest(digest * 64), "ekiben.sklearn", alias)


entries = st.lists(
    st.builds(
        entry,
        st.sampled_from(["a:1", "a:2", "a:3", "a:4", "b:1"]),
        st.sampled_from([None, "x", "y"]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=4,
)


def test_a_new_version_is_a_change_not_a_model_more_and_one_less() -> None:
    assert diff_models([entry("a:1")], [entry("a:2")]) == (ModelChange(entry("a:1"), entry("a:2")),)


def test_the_same_version_with_other_content_is_a_change() -> None:
    assert diff_models([entry("a:1")], [entry("a:1", digest="b")]) == (
        ModelChange(entry("a:1"), entry("a:1", digest="b")),
    )


def test_an_alias_that_comes_moves_or_means_another_model_is_a_change() -> None:
    assert [one.kind for one in diff_models([entry("a:1")], [entry("a:1", "x")])] == ["changed"]
    assert [one.kind for one in diff_models([entry("a:1", "x")], [entry("b:1", "x")])] == ["changed"]


def test_of_several_versions_of_a_name_those_that_stay_are_left_alone() -> None:
    assert diff_models([entry("a:1"), entry("a:2")], [entry("a:2")]) == (ModelChange(entry("a:1"), None),)
    assert diff_models([], [entry("b:1")]) == (ModelChange(None, entry("b:1")),)


def test_models_that_cannot_be_told_apart_go_and_come() -> None:
    changes = diff_models([entry("a:1"), entry("a:2")], [entry("a:3"), entry("a:4")])
    assert [one.kind for one in changes] == ["removed", "removed", "added", "added"]


@given(entries)
def test_a_list_does_not_differ_from_itself(listed: list[BentoModelEntry]) -> None:
    assert diff_models(listed, listed[::-1]) == ()


@given(entries, entries)
def test_the_other_way_round_old_and_new_change_places(old: list[BentoModelEntry], new: list[BentoModelEntry]) -> None:
    there = {replace(one, old=one.new, new=one.old) for one in diff_models(old, new)}
    assert there == set(diff_models(new, old))


@given(entries, entries)
def test_every_entry_that_only_one_side_has_is_in_one_change(
    old: list[BentoModelEntry], new: list[BentoModelEntry]
) -> None:
    changes = diff_models(old, new)
    assert {one.old for one in changes} - {None} == set(old) - set(new)
    assert {one.new for one in changes} - {None} == set(new) - set(old)
