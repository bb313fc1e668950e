"""Blobs to registries that break off, forget and refuse."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import pytest

from ekiben.errors import RegistryError
from ekiben.oci.artifact_store import Outcome, Pushed
from ekiben.oci.registry.credentials import Login
from ekiben.oci.registry.habits import Habits
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.talking import HASTY, blob_of, registry_at

CHUNK = 256 * 1024
SIZE = 4 * CHUNK + 5
BLOB, OPEN = blob_of(SIZE)


@pytest.fixture
def odd() -> Iterator[OddRegistry]:
    """An odd registry with nothing in it."""
    with serving(OddRegistry()) as registry:
        yield registry


def push(odd: OddRegistry, chunk_bytes: int = CHUNK) -> Pushed:
    """What becomes of the blob, pushed in chunks."""
    pushed = registry_at(odd.host, chunk_bytes=chunk_bytes).push_blob("a", BLOB, OPEN)
    assert odd.blobs[str(BLOB.digest)] == OPEN().read()
    return pushed


def test_a_large_blob_goes_up_in_chunks(odd: OddRegistry) -> None:
    assert push(odd) == Pushed(Outcome.SENT, SIZE)
    asked = [one.headers.get("Content-Range") for one in odd.seen if one.method == "PATCH"]
    assert asked == [f"{start}-{min(start + CHUNK, SIZE) - 1}" for start in range(0, SIZE, CHUNK)]


def test_chunks_are_as_large_as_the_registry_wants_them(odd: OddRegistry) -> None:
    odd.least_chunk = 2 * CHUNK
    push(odd)
    assert odd.count("PATCH") == 3


@pytest.mark.parametrize("cut_after", [1, CHUNK // 2, CHUNK])
def test_where_the_registry_keeps_what_came_only_the_rest_is_sent(odd: OddRegistry, cut_after: int) -> None:
    odd.faults += [Fault("PATCH", cut_after=cut_after), Fault("PATCH", cut_after=cut_after)]
    push(odd)
    assert odd.taken_bytes == SIZE
    assert odd.count("POST") == 1


def test_a_registry_that_cannot_say_yet_how_far_it_is_is_asked_again(odd: OddRegistry) -> None:
    odd.faults += [Fault("PATCH", cut_after=CHUNK // 2), Fault("GET", status=503), Fault("GET")]
    push(odd)
    assert (odd.taken_bytes, odd.count("POST")) == (SIZE, 1)


def test_where_it_loses_what_came_the_blob_begins_anew(odd: OddRegistry) -> None:
    odd.loses_uploads = True
    odd.faults += [Fault("PATCH", cut_after=CHUNK // 2)]
    assert push(odd).outcome == Outcome.SENT
    assert odd.count("POST") == 2


def test_a_chunk_whose_answer_was_lost_is_not_sent_again(odd: OddRegistry) -> None:
    odd.faults += [Fault("PATCH")]
    push(odd)
    assert odd.taken_bytes == SIZE


def test_an_answer_that_was_lost_at_the_end_sends_nothing_again(odd: OddRegistry) -> None:
    odd.faults += [Fault("PUT")]
    assert push(odd).outcome == Outcome.PRESENT
    assert odd.taken_bytes == SIZE


@pytest.mark.parametrize("status", [400, 413, 416, 405])
def test_a_registry_that_takes_no_chunks_gets_blobs_whole(odd: OddRegistry, status: int) -> None:
    odd.refuses_chunks = status
    registry = registry_at(odd.host, chunk_bytes=CHUNK)
    registry.push_blob("a", BLOB, OPEN)
    other, open_other = blob_of(SIZE, seed=1)
    registry.push_blob("a", other, open_other)
    assert set(odd.blobs) == {str(BLOB.digest), str(other.digest)}
    assert odd.count("PATCH") == 1


@pytest.mark.parametrize("longest_chunk", [1000, CHUNK])
def test_a_registry_that_takes_small_chunks_alone_gets_blobs_whole(odd: OddRegistry, longest_chunk: int) -> None:
    odd.longest_chunk = longest_chunk
    registry = replace(registry_at(odd.host), habits=Habits(chunk_bytes=2 * CHUNK, probe_bytes=CHUNK))
    registry.push_blob("a", BLOB, OPEN)
    assert odd.taken_bytes <= SIZE + 3 * CHUNK
    assert registry.push_blob("b", BLOB, OPEN).outcome == Outcome.PRESENT


def test_how_a_registry_takes_chunks_is_tried_with_a_small_one(odd: OddRegistry) -> None:
    registry = replace(registry_at(odd.host), habits=Habits(chunk_bytes=2 * CHUNK, probe_bytes=CHUNK))
    registry.push_blob("a", BLOB, OPEN)
    asked = [one.headers["Content-Length"] for one in odd.seen if one.method == "PATCH"]
    assert asked == [str(CHUNK), str(2 * CHUNK), str(SIZE - 3 * CHUNK)]


def test_a_whole_blob_that_was_cut_is_sent_again(odd: OddRegistry) -> None:
    odd.faults += [Fault("PUT", cut_after=CHUNK)]
    assert push(odd, chunk_bytes=SIZE).outcome == Outcome.SENT


@pytest.mark.parametrize("method", ["HEAD", "POST", "PATCH", "PUT"])
@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_every_step_is_tried_again(odd: OddRegistry, method: str, status: int) -> None:
    odd.faults += [Fault(method, status=status), Fault(method, status=status)]
    assert push(odd).outcome == Outcome.SENT


@pytest.mark.parametrize("method", ["HEAD", "POST", "PATCH"])
def test_a_registry_that_never_works_is_given_up(odd: OddRegistry, method: str) -> None:
    odd.faults += [Fault(method, status=502) for _ in range(50)]
    with pytest.raises(RegistryError, match=rf"`127.0.0.1` answered 502 to {method}"):
        push(odd)
    assert odd.count(method) == HASTY.tries


def test_an_upload_at_another_host_gets_no_credentials(odd: OddRegistry) -> None:
    odd.authorization = f"Basic {base64.b64encode(b'kiosk:open sesame').decode()}"
    with serving(OddRegistry()) as other:
        odd.elsewhere = other.url
        other.uploads["upload0"] = bytearray()
        registry_at(odd.host, Login("kiosk", "open sesame"), chunk_bytes=CHUNK).push_blob("a", BLOB, OPEN)
        assert str(BLOB.digest) in other.blobs
        assert {one.headers.get("Authorization") for one in other.seen} == {None}


def test_what_the_registry_signed_into_a_location_is_kept(odd: OddRegistry) -> None:
    push(odd)
    assert all("state=1%2F" in one.path for one in odd.seen if one.method in ("PATCH", "PUT"))


def test_a_registry_that_says_no_location_is_an_error(odd: OddRegistry) -> None:
    odd.faults += [Fault("POST", status=202)]
    with pytest.raises(RegistryError, match=r"`127.0.0.1:\d+` began an upload and did not say where"):
        push(odd)


def test_a_mount_that_may_not_be_is_no_error(odd: OddRegistry) -> None:
    odd.faults += [Fault("POST", "mount=", status=403), Fault("POST", "mount=", status=404)]
    registry = registry_at(odd.host)
    assert registry.push_blob("a", BLOB, OPEN, mounts=["secret", "gone"]).outcome == Outcome.SENT


def test_uploads_that_refused_mounts_began_are_cancelled_but_for_the_one_that_is_used(odd: OddRegistry) -> None:
    registry_at(odd.host).push_blob("a", BLOB, OPEN, mounts=["b", "c"])
    assert (odd.count("POST"), odd.count("DELETE", "upload0"), odd.count("PUT", "upload1")) == (2, 1, 1)


class Once(io.BytesIO):
    """A stream that does not go back, as a socket's or a decompressor's."""

    def seekable(self) -> bool:
        """Never."""
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        """Cannot."""
        raise io.UnsupportedOperation


def test_content_that_cannot_seek_is_opened_again_for_a_step_back_alone(odd: OddRegistry) -> None:
    opened: list[BinaryIO] = []

    def open_once() -> BinaryIO:
        opened.append(Once(OPEN().read()))
        return opened[-1]

    odd.faults += [Fault("PATCH", cut_after=CHUNK // 2)]
    registry_at(odd.host, chunk_bytes=CHUNK).push_blob("a", BLOB, open_once)
    assert str(BLOB.digest) in odd.blobs
    assert len(opened) <= 2
    assert all(stream.closed for stream in opened)


def test_a_disk_that_fails_is_no_reason_to_try_again(odd: OddRegistry) -> None:
    def broken() -> BinaryIO:
        raise OSError(5, "Input/output error", "/blobs/x")

    with pytest.raises(RegistryError, match=r"the content of `sha256:\w+` cannot be read: .*Input/output error"):
        registry_at(odd.host).push_blob("a", BLOB, broken)
    assert odd.count("POST") == 1


def test_a_blob_streams_from_one_registry_to_another(odd: OddRegistry) -> None:
    with serving(OddRegistry()) as origin:
        origin.put(OPEN().read())
        origin.faults += [Fault("GET", cut_after=CHUNK)]
        source = registry_at(origin.host).source("base")
        registry_at(odd.host, chunk_bytes=CHUNK).push_blob("a", BLOB, lambda: source.open(BLOB.digest))
    assert odd.blobs[str(BLOB.digest)] == OPEN().read()
