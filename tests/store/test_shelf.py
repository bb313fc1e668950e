"""What a table is made of, and which folders are items: the same as of tags and receipts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import InvalidTag
from ekiben.store.local import Store
from ekiben.store.shelf import bento_shelf
from ekiben.tag import LATEST, Tag, is_name, is_version
from tests.store.making import build

TEXTS = st.text("ab1._-A:/\n", max_size=9) | st.sampled_from([LATEST, "a" * 63, "a" * 64, "1" * 128, "1" * 129])


def spelled(name: str, version: str | None = None) -> Tag | None:
    """The tag of these parts, None where they make none."""
    try:
        return Tag(name, version)
    except InvalidTag:
        return None


@given(TEXTS)
def test_a_name_is_what_a_tag_takes(text: str) -> None:
    assert is_name(text) == (spelled(text) is not None)


@given(TEXTS)
def test_a_version_is_what_a_tag_keeps(text: str) -> None:
    tag = spelled("any", text)
    assert is_version(text) == (tag is not None and tag.version == text)


@pytest.mark.parametrize(("asked", "count"), [(None, 4), (Tag("one"), 2), (Tag("a-b", "v"), 1), (Tag("nobody"), 0)])
def test_rows_tell_what_receipts_tell(store: Store, asked: Tag | None, count: int) -> None:
    for name, version in (("one", "v1"), ("one", "v2"), ("a-b", "v"), ("a", "v")):
        build(store, name, version=version)
    for odd in ("one/UPPER", "one/.hidden", "one/latest-", "ODD/1"):
        (store.layout.bentos / odd).mkdir(parents=True, exist_ok=True)
    shelf = bento_shelf(store.layout)
    told = [(row.created, row.name, row.version, row.size_bytes) for row in shelf.rows(asked)]
    assert len(told) == count
    assert told == [(one.created, tag.name, tag.version, one.size_bytes) for tag, one in shelf.items(asked)]
