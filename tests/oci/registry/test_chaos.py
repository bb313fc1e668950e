"""Whatever goes wrong on the way: a transfer ends with the right bytes, or with an error in words."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import RegistryError
from ekiben.oci.artifact_store import Download
from ekiben.oci.registry.retrying import Patience
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.talking import blob_of, registry_at

CHUNK = 40_000
SIZE = 5 * CHUNK + 3
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
    return st.lists(answered | cut | unheard, max_size=8)


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
