"""A store of blobs: layers are what they say, what is kept is found again, and nothing damaged is given out."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.blobs import BlobStore, Layer
from ekiben.oci.compression import Compression
from ekiben.oci.entries import Entry, FilePart
from ekiben.oci.sealed import is_sealed
from tests.oci.processes import tree
from tests.oci.trees import CHOSEN, expected, seen, tar_of

KEY = Digest.of_bytes(b"key")
UNPACK: dict[Compression, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
    "none": bytes,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "layers"


@pytest.fixture
def store(folder: Path) -> BlobStore:
    return BlobStore(folder)


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("compression", "media_type"),
    [
        ("gzip", "application/vnd.oci.image.layer.v1.tar+gzip"),
        ("zstd", "application/vnd.oci.image.layer.v1.tar+zstd"),
        ("none", "application/vnd.oci.image.layer.v1.tar"),
    ],
)
def test_a_layer_is_what_it_says(store: BlobStore, compression: Compression, media_type: str) -> None:
    layer = store.make_layer(CHOSEN, compression)
    blob = store.path_of(layer.digest).read_bytes()
    assert layer == Layer(Digest.of_bytes(blob), len(blob), Digest.of_bytes(tar_of(CHOSEN)), media_type)
    assert seen(UNPACK[compression](blob)) == expected(CHOSEN)


def test_one_tree_makes_one_layer_in_any_store_and_any_order(folder: Path, store: BlobStore) -> None:
    before = os.umask(0o077)
    try:
        layer = BlobStore(folder / "another").make_layer(reversed(tree(1)))
    finally:
        os.umask(before)
    assert store.make_layer(tree(1)) == layer


def test_a_blob_can_be_read_by_all_and_written_by_none(store: BlobStore) -> None:
    before = os.umask(0o077)
    try:
        digest = store.put_bytes(b"content")
    finally:
        os.umask(before)
    assert store.path_of(digest).stat().st_mode & 0o777 == 0o444


def test_bytes_that_were_put_are_found_by_their_digest(folder: Path, store: BlobStore) -> None:
    assert not store.has(Digest.of_bytes(b"content"))
    digest = store.put_bytes(b"content")
    assert digest == Digest.of_bytes(b"content")
    assert store.put_bytes(b"content") == digest
    assert store.has(digest)
    with store.open(digest) as stream:
        assert stream.read() == b"content"
    assert files_below(folder) == [f"blobs/sha256/{digest.hex}"]


def test_a_blob_that_is_not_there_is_named(store: BlobStore) -> None:
    with pytest.raises(NotFound, match=str(KEY)):
        store.open(KEY)


def test_a_damaged_blob_is_found_out_when_it_is_read_and_removed(store: BlobStore) -> None:
    digest = store.put_bytes(b"content")
    store.path_of(digest).chmod(0o644)
    store.path_of(digest).write_bytes(b"CONTENT")
    with pytest.raises(ImageError, match=str(digest)) as raised, store.open(digest) as stream:
        stream.read()
    assert raised.value.hint == "it was removed: try again"
    assert not store.has(digest)


def test_a_layer_whose_blob_was_written_to_is_not_known(store: BlobStore) -> None:
    layer = store.make_layer(CHOSEN)
    store.keep_layer(KEY, layer)
    path = store.path_of(layer.digest)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert store.known_layer(KEY) is None
    assert store.make_layer(CHOSEN) == store.known_layer(KEY) == layer


def test_a_layer_that_was_kept_is_known_by_its_key(folder: Path, store: BlobStore) -> None:
    layer = store.make_layer(CHOSEN)
    assert store.known_layer(KEY) is None
    store.keep_layer(KEY, layer)
    assert BlobStore(folder).known_layer(KEY) == layer
    assert store.known_layer(Digest.of_bytes(b"another key")) is None


def test_a_layer_that_is_known_counts_as_used(store: BlobStore) -> None:
    layer = store.make_layer(CHOSEN)
    store.keep_layer(KEY, layer)
    path = store.path_of(layer.digest)
    os.utime(path, ns=(0, path.stat().st_mtime_ns))
    store.known_layer(KEY)
    assert path.stat().st_atime > 0
    assert is_sealed(path)


def test_a_key_may_come_to_stand_for_another_layer(store: BlobStore) -> None:
    store.keep_layer(KEY, store.make_layer(CHOSEN))
    layer = store.make_layer(CHOSEN[1:])
    store.keep_layer(KEY, layer)
    assert store.known_layer(KEY) == layer


def test_a_layer_whose_blob_is_gone_or_torn_is_not_known(store: BlobStore) -> None:
    layer = store.make_layer(CHOSEN)
    store.keep_layer(KEY, layer)
    os.truncate(store.path_of(layer.digest), layer.size_bytes - 1)
    assert store.known_layer(KEY) is None
    store.path_of(layer.digest).unlink()
    assert store.known_layer(KEY) is None
    assert store.make_layer(CHOSEN) == layer
    assert store.known_layer(KEY) == layer


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"digest": 1}', b"\0" * 200])
def test_a_damaged_record_is_no_record(folder: Path, store: BlobStore, content: bytes) -> None:
    store.keep_layer(KEY, store.make_layer(CHOSEN))
    record = folder / "layers" / "sha256" / KEY.hex
    whole = record.read_bytes()
    record.chmod(0o644)
    for damaged in (content, whole.replace(b"sha256:", b"md5:"), whole[:-1], whole.replace(b'"size":', b'"size":1')):
        record.write_bytes(damaged)
        assert store.known_layer(KEY) is None


def test_a_layer_that_fails_leaves_nothing(folder: Path, store: BlobStore, tmp_path: Path) -> None:
    for entries, error in (
        ([*tree(2), Entry.file("missing", FilePart(tmp_path / "missing"))], FileNotFoundError),
        ([*tree(2), Entry.file("f/0", b"")], ImageError),
    ):
        with pytest.raises(error):
            store.make_layer(entries)
        assert files_below(folder) == []


def test_who_watches_is_told_every_byte_and_can_stop_the_work(folder: Path, store: BlobStore) -> None:
    told: list[int] = []
    store.make_layer(tree(3), "none", advance=told.append)
    assert sum(told) == len(tar_of(tree(3)))
    before = files_below(folder)

    class Stop(Exception):
        """What a watcher raises."""

    def stop(_: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        store.make_layer(tree(4), advance=stop)
    assert files_below(folder) == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ekiben-layer")]


def test_a_record_of_another_layer_with_a_wrong_size_is_not_believed(store: BlobStore) -> None:
    layer = store.make_layer(CHOSEN)
    store.keep_layer(KEY, replace(layer, size_bytes=layer.size_bytes + 1))
    assert store.known_layer(KEY) is None
