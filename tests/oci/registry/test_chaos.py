"""Whatever goes wrong on the way: a transfer ends with the right bytes, or with an error in words."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import RegistryError
from ekiben.oci.artifact_store import Download, Part
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.partial_file import PartialFile
from ekiben.oci.registry.retrying import Patience
from ekiben.oci.registry.saving import Saving
from ekiben.oci.transfer_progress import Progress
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.talking import blob_of, registry_at

CHUNK = 40_000
SIZE = 5 * CHUNK + 3
PIECE = 15_000
BLOB, OPEN = blob_of(SIZE)
PATIENCE = Patience(tries=6, first_s=0.001)

_STATUSES = st.sampled_from([301, 307, 400, 404, 408, 413, 416, 418, 429, 500, 502, 503, 504])
_CUTS = st.integers(0, SIZE)


def faults(*methods: str) -> st.SearchStrategy[list[Fault]]:
    """Some of them, for requests of these methods."""
    method = st.sampled_from(methods)
    answered = st.builds(Fault, method, status=_STATUSES)
    cut = st.builds(Fault, method, cut_after=_CUTS)
    unheard = st.builds(Fault, method)
    corrupted = st.builds(Fault, method, corrupt_at=_CUTS)
    return st.lists(answered | cut | unheard | corrupted, max_size=8)


def failure_of(transfer: Callable[[], object]) -> str:
    """What the transfer says where it fails, which names the registry; nothing where it does not fail."""
    try:
        transfer()
    except RegistryError as error:
        return error.message
    return ""


@settings(max_examples=60)
@given(faults("HEAD", "POST", "PATCH", "PUT", "GET"), st.booleans(), st.none() | st.sampled_from([405, 413]))
def test_a_push_gives_the_right_bytes_or_an_error(
    planned: list[Fault], loses_uploads: bool, refuses_chunks: int | None
) -> None:
    odd = OddRegistry(faults=list(planned), loses_uploads=loses_uploads, refuses_chunks=refuses_chunks)
    with serving(odd):
        failure = failure_of(
            lambda: registry_at(odd.host, chunk_bytes=CHUNK, patience=PATIENCE).push_blob("a", BLOB, OPEN)
        )
    assert (str(BLOB.digest) in odd.blobs) or (failure and planned)
    assert all(str(Digest.of_bytes(content)) == digest for digest, content in odd.blobs.items())


@settings(max_examples=60)
@given(
    faults("GET"), st.sampled_from(["right", "ignored", "refused", "wrong start", "wrong bytes"]), st.binary(max_size=9)
)
def test_a_pull_gives_the_right_bytes_or_an_error(planned: list[Fault], ranges: str, left: bytes) -> None:
    odd = OddRegistry(faults=list(planned), ranges=ranges)
    odd.put(OPEN().read())
    with serving(odd), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blob"
        path.write_bytes(left)
        failure = failure_of(lambda: registry_at(odd.host, patience=PATIENCE).save_blobs("a", [Download(BLOB, path)]))
        assert (planned or ranges.startswith("wrong")) if failure else Digest.of_file(path) == BLOB.digest


@settings(max_examples=60)
@given(
    faults("GET"),
    st.sampled_from(["right", "ignored", "refused", "wrong start", "wrong bytes", "too long", "too short"]),
    st.binary(max_size=9),
    st.sets(st.integers(0, SIZE // PIECE)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_a_pull_over_several_connections_gives_the_right_bytes_or_an_error(
    planned: list[Fault],
    ranges: str,
    left: bytes,
    there: set[int],
    is_damaged: bool,
    is_part: bool,
    closes_idle: bool,
) -> None:
    content = OPEN().read()
    odd = OddRegistry(faults=list(planned), ranges=ranges, closes_idle=closes_idle)
    odd.put(content)
    part = Part(100, SIZE - 300, Digest.of_bytes(content[100 : SIZE - 200])) if is_part else None
    wanted = part.digest if part else BLOB.digest
    with serving(odd), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blob"
        path.write_bytes(left)
        if there:
            left_with_gaps(path, content[100 : SIZE - 200] if part else content, there, is_damaged)
        blob = RemoteBlob(registry_at(odd.host, patience=PATIENCE).client, "a", BLOB.digest, SIZE)
        saving = Saving(threading.Semaphore(3), PIECE, clock=itertools.count(0, 10).__next__)
        failure = failure_of(lambda: saving.save_locked(blob, path, Progress(), part))
        assert (planned or ranges in ("wrong bytes", "too short")) if failure else Digest.of_file(path) == wanted


def left_with_gaps(path: Path, content: bytes, there: set[int], is_damaged: bool) -> None:
    """Leaves what a process that was killed would, or the disk made of it."""
    path.write_bytes(b"")
    with PartialFile.open(path, Digest.of_bytes(content), len(content), PIECE) as file:
        file.record(file.found())
        for index in there:
            piece = content[index * PIECE : (index + 1) * PIECE]
            file.write(index * PIECE, memoryview(bytes(len(piece)) if is_damaged else piece))
            file.note(index, len(piece))
