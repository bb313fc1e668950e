"""What the store takes: by name, by version, and shared bytes once."""

from __future__ import annotations

import os

from ekiben.store.local import Store
from ekiben.store.upkeep.usage import Usage, store_usage, version_usage
from tests.store.making import build, save

LARGE = os.urandom(200_000)


def save_large(store: Store, note: str) -> None:
    """A version of a model that shares its large file with the others."""
    with store.models.create("iris") as draft:
        draft.path_of("weights.bin").write_bytes(LARGE)
        draft.path_of("note.txt").write_text(note)


def row(found: list[Usage], kind: str) -> Usage:
    """The one row of a kind."""
    (one,) = [usage for usage in found if usage.kind == kind]
    return one


def test_names_caches_staging_and_a_total_are_told(store: Store) -> None:
    save(store, "iris")
    build(store)
    (store.cache / "locks").mkdir(parents=True)
    found = store_usage(store.layout)
    told = [(usage.kind, usage.name) for usage in found]
    assert told[:3] == [("Bento", "svc"), ("model", "iris"), ("cache", "locks")]
    assert [usage.kind for usage in found[-2:]] == ["staging", "total"]
    assert found[-1].items == 2


def test_shared_bytes_count_once(store: Store) -> None:
    save_large(store, "one")
    alone = row(store_usage(store.layout), "model").footprint
    save_large(store, "other")
    both = row(store_usage(store.layout), "model").footprint
    assert alone.size_bytes > len(LARGE)
    assert both.size_bytes < alone.size_bytes + len(LARGE)
    assert both.own_bytes == both.size_bytes


def test_what_versions_share_is_freed_by_neither(store: Store) -> None:
    save_large(store, "one")
    save_large(store, "other")
    *versions, total = version_usage(store.layout, "iris")
    assert all(one.footprint.own_bytes < one.footprint.size_bytes - len(LARGE) for one in versions)
    assert total.footprint.size_bytes < sum(one.footprint.size_bytes for one in versions)


def test_a_name_that_is_not_there_takes_nothing(store: Store) -> None:
    assert [one.footprint.size_bytes for one in version_usage(store.layout, "iris")] == [0]
