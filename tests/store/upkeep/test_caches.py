"""Caches: the least used goes, and never under a build."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import StoreError
from ekiben.store.local import Store
from ekiben.store.sharing import pointers
from ekiben.store.upkeep.caches import CacheEntry, cache_entries, choose_entries, prune_caches
from tests.store import processes

NOW_S = 1_000_000.0


def put(store: Store, name: str, *, used_s: float = 0.0, size_bytes: int = 4096) -> Path:
    """A file of a cache that was last used then."""
    path = store.cache / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size_bytes))
    os.utime(path, (used_s, used_s))
    return path


entries = st.lists(
    st.builds(CacheEntry, st.just(Path("one")), st.integers(0, 100), st.floats(0, NOW_S)), max_size=20
).map(lambda found: sorted(found, key=lambda entry: entry.used_s))


@given(entries, st.floats(0, NOW_S), st.none() | st.integers(0, 1000))
def test_the_least_used_go_and_no_more_than_has_to(
    found: list[CacheEntry], unused_s: float, max_bytes: int | None
) -> None:
    going = choose_entries(found, NOW_S, unused_s=unused_s, max_bytes=max_bytes)
    staying = found[len(going) :]
    assert going == found[: len(going)]
    assert all(NOW_S - entry.used_s >= unused_s for entry in going)
    left = sum(entry.size_bytes for entry in staying)
    if max_bytes is None:
        assert all(NOW_S - entry.used_s < unused_s for entry in staying)
    elif going:
        assert left + going[-1].size_bytes > max_bytes
    assert max_bytes is None or left <= max_bytes or NOW_S - staying[0].used_s < unused_s


def test_a_file_is_used_when_it_is_read(store: Store) -> None:
    written = put(store, "layers/written", used_s=10.0)
    read = put(store, "layers/read")
    os.utime(read, (20.0, 5.0))
    assert [(one.path, one.used_s) for one in cache_entries(store.layout)] == [(written, 10.0), (read, 20.0)]


def test_what_goes_leaves_no_empty_folder(store: Store) -> None:
    wheel, kept = put(store, "wheels/files/aa/a.whl"), put(store, "wheels/files/bb/b.whl", used_s=5.0)
    prune_caches(store.layout, cache_entries(store.layout)[:1])
    assert not wheel.parent.exists()
    assert kept.exists()


def test_what_was_written_again_since_it_was_chosen_stays(store: Store) -> None:
    path = put(store, "locks/one")
    chosen = cache_entries(store.layout)
    put(store, "locks/one", used_s=50.0)
    prune_caches(store.layout, chosen)
    assert path.exists()


def test_a_blob_that_a_layout_has_too_frees_nothing(store: Store, tmp_path: Path) -> None:
    os.link(put(store, "layers/blob"), tmp_path / "blob")
    assert [one.size_bytes for one in cache_entries(store.layout)] == [0]


def test_the_index_is_no_cache_and_pointers_to_nothing_go(store: Store) -> None:
    index = put(store, "index/models.receipts")
    pointers(store.layout).mkdir()
    (pointers(store.layout) / "aa").symlink_to("nowhere")
    prune_caches(store.layout, cache_entries(store.layout))
    assert index.exists()
    assert list(pointers(store.layout).iterdir()) == []


def test_nothing_goes_while_a_build_is_under_way(store: Store) -> None:
    path = put(store, "layers/blob")
    builder = processes.start("use-cache")
    assert builder.stdout is not None
    builder.stdout.readline()
    with pytest.raises(StoreError, match="builds have been using the caches"):
        prune_caches(store.layout, cache_entries(store.layout), patience_s=0.1)
    assert path.exists()
    builder.kill()
    builder.communicate()
    prune_caches(store.layout, cache_entries(store.layout))
    assert not path.exists()


def test_builds_do_not_wait_for_each_other(store: Store) -> None:
    with store.scratch(), store.scratch(), store.cache_held():
        assert store.layout.cache_lock.exists()
