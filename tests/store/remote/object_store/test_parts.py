"""Large blobs in buckets: in parts, several at once, gone on with by the next process."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import RemoteError
from ekiben.oci.artifact_store import Download
from ekiben.oci.image import JoinedSource
from ekiben.store.remote.object_store.google import GoogleBucket
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.object_store.parts import part_size
from ekiben.store.remote.object_store.ranges import AHEAD, RANGE_BYTES, fetch_ahead
from ekiben.store.remote.object_store.s3 import S3Bucket
from ekiben.store.remote.object_store.store import ObjectStore
from tests.store.remote.object_store.artifacts import random_blob
from tests.store.remote.object_store.conftest import place_of
from tests.store.remote.object_store.servers import BucketServer

MIB = 1024 * 1024
PART = 5 * MIB  # S3's least
SIZE = 4 * PART + 12_345


@pytest.fixture(params=["s3", "google"])
def server(request: pytest.FixtureRequest) -> BucketServer:
    """The server of the bucket."""
    found: BucketServer = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture
def bucket(server: BucketServer, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """A store in it that sends small parts."""
    for place in place_of(server.kind, request, tmp_path):
        opened = place.open()
        assert isinstance(opened, ObjectStore)
        assert isinstance(opened.objects, S3Bucket | GoogleBucket)
        yield ObjectStore(replace(opened.objects, part_bytes=PART))


class Breaking(io.BytesIO):
    """A stream that breaks at a byte, as the machine does."""

    def __init__(self, content: bytes, at: int) -> None:
        super().__init__(content)
        self.at = at

    def read(self, size: int | None = -1) -> bytes:
        """Up to there."""
        if self.tell() >= self.at:
            raise OSError("the power is gone")
        return super().read(size)


class Source:
    """One blob that breaks."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content, self.at = content, at

    def open(self, digest: Digest) -> BinaryIO:
        """It."""
        return Breaking(self.content, self.at)


def test_a_large_blob_comes_back_byte_for_byte(bucket: ObjectStore, tmp_path: Path) -> None:
    blob, content = random_blob(SIZE, 1)
    assert bucket.push_blobs("a", [blob], JoinedSource({blob.digest: content}))[blob.digest].sent_bytes == SIZE
    bucket.save_blobs("a", [Download(blob, tmp_path / "blob")])
    assert (tmp_path / "blob").read_bytes() == content


@pytest.mark.parametrize("parts", [1, 3])
def test_parts_that_are_there_are_not_sent_again(bucket: ObjectStore, server: BucketServer, parts: int) -> None:
    blob, content = random_blob(SIZE, 10 + parts)
    with pytest.raises(RemoteError, match="the power is gone"):
        bucket.push_blobs("a", [blob], Source(content, parts * PART))
    before = server.uploaded_bytes(least=1)
    pushed = bucket.push_blobs("a", [blob], JoinedSource({blob.digest: content}))[blob.digest]
    assert pushed.sent_bytes == SIZE - parts * PART
    sent = server.uploaded_bytes(least=1) - before
    assert pushed.sent_bytes <= sent <= pushed.sent_bytes + 10_000  # what joins the parts is a document
    with bucket.source("a").open(blob.digest) as stream:
        assert stream.read() == content


def test_parts_that_are_there_and_wrong_are_sent_again(bucket: ObjectStore) -> None:
    blob, content = random_blob(SIZE, 20)
    wrong = b"x" * PART + content[PART:]
    with pytest.raises(RemoteError, match="the power is gone"):
        bucket.push_blobs("a", [blob], Source(wrong, 2 * PART))
    pushed = bucket.push_blobs("a", [blob], JoinedSource({blob.digest: content}))[blob.digest]
    assert pushed.sent_bytes == SIZE - PART
    with bucket.source("a").open(blob.digest) as stream:
        assert stream.read() == content


def test_wrong_content_in_parts_becomes_no_blob(bucket: ObjectStore) -> None:
    blob, content = random_blob(SIZE, 30)
    with pytest.raises(RemoteError, match="is not"):
        bucket.push_blobs("a", [blob], JoinedSource({blob.digest: content[:-1] + b"!"}))
    assert bucket.objects.stat(f"blobs/sha256/{blob.digest.hex}") is None


def test_several_at_once_send_one_blob(bucket: ObjectStore) -> None:
    blob, content = random_blob(SIZE, 40)
    begin, outcomes = threading.Barrier(3), list[Exception | None]()

    def push() -> None:
        begin.wait()
        try:
            bucket.push_blobs("a", [blob], JoinedSource({blob.digest: content}))
        except RemoteError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=push) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == []
    with bucket.source("a").open(blob.digest) as stream:
        assert stream.read() == content


def test_uploads_that_nobody_ends_are_swept(bucket: ObjectStore) -> None:
    blob, content = random_blob(SIZE, 50)
    with pytest.raises(RemoteError):
        bucket.push_blobs("a", [blob], Source(content, 2 * PART))
    bucket.sweep(grace_s=-60)
    pushed = bucket.push_blobs("a", [blob], JoinedSource({blob.digest: content}))[blob.digest]
    assert pushed.sent_bytes == SIZE


def test_more_parts_than_google_composes_at_once_are_composed_in_steps(google_server: BucketServer) -> None:
    options = google_server.options
    store = ObjectStore(replace(_google(options), part_bytes=64 * 1024))
    blob, content = random_blob(70 * 64 * 1024 - 5, 60)
    store.push_blobs("a", [blob], JoinedSource({blob.digest: content}))
    with store.source("a").open(blob.digest) as stream:
        assert stream.read() == content
    assert list(store.objects.walk("uploads/")) == []


def _google(options: dict[str, object]) -> GoogleBucket:
    opened = open_object_store("gs://lunch/many-parts", options).objects
    assert isinstance(opened, GoogleBucket)
    return opened


@given(st.integers(1, 1 << 44), st.integers(1, 20_000))
def test_an_object_has_no_more_parts_than_it_may(size_bytes: int, max_parts: int) -> None:
    part = part_size(size_bytes, 16 * MIB, max_parts)
    assert part >= 16 * MIB
    assert -(-size_bytes // part) <= max_parts


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (5, 5), (3, 4), (0, RANGE_BYTES), (7, 9 * RANGE_BYTES + 3), (0, AHEAD * RANGE_BYTES)]
)
def test_what_is_fetched_ahead_comes_in_order(start: int, end: int) -> None:
    asked = list[tuple[int, int]]()

    def fetch(first: int, last: int) -> bytes:
        asked.append((first, last))
        return f"{first}-{last};".encode()

    came = b"".join(fetch_ahead(fetch, start, end)).decode().split(";")[:-1]
    assert came == [f"{first}-{last}" for first, last in sorted(asked)]
    assert sum(last - first for first, last in asked) == end - start
