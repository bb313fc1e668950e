"""Sharing: what two versions have in common lies on the disk once, and neither is ever the other's trouble."""

from __future__ import annotations

import os
import shutil

import pytest

from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.sharing import SHARED_FROM_BYTES, pointers
from tests.store.making import assert_whole

WEIGHTS = os.urandom(SHARED_FROM_BYTES)


def save_large(store: Store, note: str, weights: bytes = WEIGHTS, name: str = "iris") -> Model:
    """A model of one large file and a small one."""
    with store.models.create(name) as draft:
        draft.path_of("weights.bin").write_bytes(weights)
        draft.path_of("note.txt").write_text(note)
    return draft.model


def blocks_of(*models: Model) -> int:
    """What the large files take together on the disk, each inode once."""
    found = [(one.path / "weights.bin").stat() for one in models]
    return sum({status.st_ino: status.st_blocks * 512 for status in found}.values())


def test_a_large_file_of_two_versions_is_stored_once(store: Store) -> None:
    one, other = save_large(store, "one"), save_large(store, "other")
    assert blocks_of(one, other) == blocks_of(one)
    assert_whole(one)
    assert_whole(other)


def test_names_share_as_well(store: Store) -> None:
    one, other = save_large(store, "one"), save_large(store, "one", name="wine")
    assert blocks_of(one, other) == blocks_of(one)


def test_a_small_file_is_each_versions_own(store: Store) -> None:
    one, other = save_large(store, "same", WEIGHTS), save_large(store, "same", WEIGHTS[:-1] + b"?")
    assert not (one.path / "note.txt").samefile(other.path / "note.txt")
    assert not (one.path / "weights.bin").samefile(other.path / "weights.bin")


def test_deleting_one_version_leaves_the_other(store: Store) -> None:
    one, other = save_large(store, "one"), save_large(store, "other")
    store.models.delete(one.tag)
    assert_whole(other)
    assert blocks_of(other, save_large(store, "third")) == blocks_of(other)


def test_a_damaged_file_is_not_taken_for_an_equal_one(store: Store) -> None:
    damaged = save_large(store, "one")
    with (damaged.path / "weights.bin").open("r+b") as stream:
        stream.write(b"other bytes")
    assert_whole(save_large(store, "other"))


@pytest.mark.parametrize("elsewhere", ["nowhere", "../../models", "../../secret"])
def test_a_pointer_that_leads_astray_is_passed_over(store: Store, elsewhere: str) -> None:
    save_large(store, "one")
    (store.home / "secret").write_bytes(os.urandom(SHARED_FROM_BYTES))
    (pointer,) = pointers(store.layout).iterdir()
    pointer.unlink()
    pointer.symlink_to(elsewhere)
    other = save_large(store, "other")
    assert_whole(other)
    assert blocks_of(other, save_large(store, "third")) == blocks_of(other)


def test_a_file_with_another_mode_is_not_shared(store: Store) -> None:
    one = save_large(store, "one")
    (one.path / "weights.bin").chmod(0o600)
    other = save_large(store, "other")
    assert (other.path / "weights.bin").stat().st_mode & 0o777 == 0o644


def test_the_cache_may_be_deleted(store: Store) -> None:
    one = save_large(store, "one")
    shutil.rmtree(store.cache)
    assert_whole(one)
    assert_whole(save_large(store, "other"))
