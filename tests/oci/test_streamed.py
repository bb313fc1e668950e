"""Layers that are made anew for each reader: the same bytes as stored ones, or an error."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.blobs import BlobStore
from ekiben.oci.entries import Entry, FilePart
from ekiben.oci.streamed import StreamedLayer
from tests.oci.trees import CHOSEN, tar_of

PIECE_BYTES = 100_000


def weights(folder: Path) -> list[Entry]:
    """Two files of a folder, one of several blocks."""
    for name, size in (("large.bin", 5_000_000), ("small.json", 12)):
        (folder / name).write_bytes(random.Random(name).randbytes(size))
    return [Entry.file(f"models/a/{name}", FilePart(folder / name)) for name in ("small.json", "large.bin")]


def test_it_is_the_layer_that_a_store_would_make(tmp_path: Path) -> None:
    for entries in (list(CHOSEN), weights(tmp_path), []):
        told: list[int] = []
        streamed = StreamedLayer.measured(iter(entries), told.append)
        assert streamed.layer == BlobStore(tmp_path / "blobs").make_layer(entries, "none")
        assert sum(told) == streamed.layer.size_bytes


@pytest.mark.parametrize("piece_bytes", [1, 1000, 3_000_000, -1])
def test_every_reader_gets_the_whole_tar_in_pieces_of_his_choice(tmp_path: Path, piece_bytes: int) -> None:
    entries = weights(tmp_path) if piece_bytes != 1 else list(CHOSEN)
    streamed = StreamedLayer.measured(entries, lambda _: None)
    for _ in range(2):
        with streamed.open(streamed.layer.digest) as stream:
            assert b"".join(iter(lambda: stream.read(piece_bytes), b"")) == tar_of(entries)


def test_a_file_that_was_changed_is_seen_by_the_reader(tmp_path: Path) -> None:
    streamed = StreamedLayer.measured(weights(tmp_path), lambda _: None)
    (tmp_path / "small.json").write_bytes(b"another text")
    with streamed.open(streamed.layer.digest) as stream, pytest.raises(ImageError, match="has become") as raised:
        stream.read()
    assert raised.value.hint


@pytest.mark.parametrize("name", ["small.json", "large.bin"])
def test_who_reads_as_much_as_was_said_never_gets_all_of_what_was_changed(tmp_path: Path, name: str) -> None:
    streamed = StreamedLayer.measured(weights(tmp_path), lambda _: None)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    size_bytes = streamed.layer.size_bytes
    pieces = [min(PIECE_BYTES, size_bytes - start) for start in range(0, size_bytes, PIECE_BYTES)]
    taken: list[bytes] = []
    with streamed.open(streamed.layer.digest) as stream, pytest.raises(ImageError):
        taken.extend(stream.read(piece) for piece in pieces)
    assert len(taken) < len(pieces)


def test_the_file_that_was_changed_is_named_where_its_digest_is_known(tmp_path: Path) -> None:
    parts = [(one.path, one.content) for one in weights(tmp_path) if isinstance(one.content, FilePart)]
    held = [Entry.file(path, replace(part, digest=Digest.of_file(part.path))) for path, part in parts]
    streamed = StreamedLayer.measured(held, lambda _: None)
    (tmp_path / "small.json").write_bytes(b"another text")
    with (
        streamed.open(streamed.layer.digest) as stream,
        pytest.raises(ImageError, match=r"`models/a/small\.json` is `sha256:.* should be"),
    ):
        stream.read()


def test_a_reader_may_leave_early(tmp_path: Path) -> None:
    streamed = StreamedLayer.measured(weights(tmp_path), lambda _: None)
    with streamed.open(streamed.layer.digest) as stream:
        assert len(stream.read(1000)) == 1000
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ekiben-layer")]


def test_it_has_no_other_blob() -> None:
    with pytest.raises(NotFound):
        StreamedLayer.measured(CHOSEN, lambda _: None).open(Digest.of_bytes(b"another"))
