"""Uploads that a process did not end, and the next one goes on with."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import RegistryError
from ekiben.oci.artifact_store import Outcome, Pushed
from ekiben.oci.parallel import Abandoned
from ekiben.oci.registry.kept_uploads import Destination, Kept, KeptUploads
from ekiben.oci.transfer_progress import Progress
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.talking import HASTY, blob_of, registry_at

CHUNK = 128 * 1024
SIZE = 4 * CHUNK + 5
BLOB, OPEN = blob_of(SIZE)


@dataclass(slots=True)
class Steps:
    """A task that keeps each step."""

    amounts: list[int] = field(default_factory=list)

    def advance(self, amount: int) -> None:
        """Keeps it."""
        self.amounts.append(amount)


@pytest.fixture
def odd() -> Iterator[OddRegistry]:
    """An odd registry with nothing in it."""
    with serving(OddRegistry()) as registry:
        yield registry


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """Where states are kept."""
    return tmp_path / "uploads"


def push(odd: OddRegistry, uploads: Path | None, progress: Progress | None = None) -> Pushed:
    """What becomes of the blob in the hands of a new process."""
    client = registry_at(odd.host, chunk_bytes=CHUNK, uploads=uploads)
    return client.push_blob("a", BLOB, OPEN, progress=progress)


def leave(odd: OddRegistry, uploads: Path) -> Path:
    """Begins an upload of which a part arrives, and gives it up. The file that tells of it."""
    odd.faults += [Fault("PATCH", cut_after=CHUNK), Fault("PATCH", cut_after=CHUNK), Fault("PATCH", cut_after=1000)]
    odd.faults += [Fault("GET", status=503) for _ in range(HASTY.tries - 1)]
    odd.faults += [Fault("PATCH", status=503) for _ in range(HASTY.tries)]
    with pytest.raises(RegistryError):
        push(odd, uploads)
    odd.faults.clear()
    (kept,) = uploads.iterdir()
    return kept


def assert_whole(odd: OddRegistry, uploads: Path) -> None:
    """The blob is there, and nothing is left over."""
    assert odd.blobs[str(BLOB.digest)] == OPEN().read()
    assert list(uploads.iterdir()) == []


def test_the_next_process_sends_only_what_the_registry_lacks(odd: OddRegistry, uploads: Path) -> None:
    leave(odd, uploads)
    there = odd.taken_bytes
    assert 0 < there < SIZE
    assert push(odd, uploads) == Pushed(Outcome.SENT, SIZE - there)
    assert (odd.taken_bytes, odd.count("POST")) == (SIZE, 1)
    assert_whole(odd, uploads)


def test_progress_begins_where_the_upload_does_and_ends_at_its_end(odd: OddRegistry, uploads: Path) -> None:
    leave(odd, uploads)
    there, steps = odd.taken_bytes, Steps()
    push(odd, uploads, Progress(steps))
    assert (steps.amounts[0], sum(steps.amounts)) == (there, SIZE)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), Abandoned("stopped")])
def test_an_upload_that_is_interrupted_is_gone_on_with(
    odd: OddRegistry, uploads: Path, interruption: BaseException
) -> None:
    class Interrupted:
        def advance(self, amount: int) -> None:
            """Does not return when two chunks are there."""
            if odd.taken_bytes >= 2 * CHUNK:
                raise interruption

    with pytest.raises(type(interruption)):
        push(odd, uploads, Progress(Interrupted()))
    push(odd, uploads)
    assert odd.count("POST") == 1
    assert_whole(odd, uploads)


def test_what_is_kept_is_for_its_owner_alone(odd: OddRegistry, uploads: Path) -> None:
    kept = leave(odd, uploads)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_an_upload_that_ends_leaves_nothing(odd: OddRegistry, uploads: Path) -> None:
    push(odd, uploads)
    assert_whole(odd, uploads)


def test_a_blob_that_fits_into_a_chunk_is_not_kept(odd: OddRegistry, uploads: Path) -> None:
    registry_at(odd.host, uploads=uploads).push_blob("a", BLOB, OPEN)
    assert not uploads.exists()


def test_a_blob_that_is_there_meanwhile_is_not_sent(odd: OddRegistry, uploads: Path) -> None:
    leave(odd, uploads)
    odd.put(OPEN().read())
    assert push(odd, uploads) == Pushed(Outcome.PRESENT)
    assert_whole(odd, uploads)


def leave_all(odd: OddRegistry, uploads: Path) -> None:
    """All of the blob has arrived, and the registry, which was told so, knows the upload no more."""
    odd.faults += [Fault("PUT", status=503) for _ in range(HASTY.tries)]
    with pytest.raises(RegistryError):
        push(odd, uploads)
    odd.faults.clear()
    odd.uploads.clear()


def test_what_a_registry_is_still_storing_is_not_sent_again(odd: OddRegistry, uploads: Path) -> None:
    leave_all(odd, uploads)
    odd.faults.append(Fault("HEAD", status=404))  # not yet
    odd.put(OPEN().read())
    assert push(odd, uploads) == Pushed(Outcome.PRESENT)
    assert (odd.taken_bytes, odd.count("POST")) == (SIZE, 1)
    assert_whole(odd, uploads)


def test_what_a_registry_was_sent_and_has_lost_is_sent_again(odd: OddRegistry, uploads: Path) -> None:
    leave_all(odd, uploads)
    assert push(odd, uploads) == Pushed(Outcome.SENT, SIZE)
    assert_whole(odd, uploads)


def test_the_least_chunk_that_a_registry_asked_for_is_remembered(odd: OddRegistry, uploads: Path) -> None:
    odd.least_chunk = 3 * CHUNK
    leave(odd, uploads)
    before = odd.count("PATCH")
    push(odd, uploads)
    assert odd.count("PATCH") - before <= 2


@pytest.mark.parametrize("status", [200, 202, 400, 401, 403, 404, 405, 410, 416, 429, 500, 501, 503])
def test_a_registry_that_does_not_tell_how_far_it_is_gets_the_blob_anew(
    odd: OddRegistry, uploads: Path, status: int
) -> None:
    leave(odd, uploads)
    odd.faults += [Fault("GET", status=status) for _ in range(10)]
    push(odd, uploads)
    assert_whole(odd, uploads)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 416, 422])
def test_an_upload_whose_rest_is_refused_begins_anew(odd: OddRegistry, uploads: Path, status: int) -> None:
    leave(odd, uploads)
    odd.faults += [Fault("PATCH", "upload0", status=status)]
    push(odd, uploads)
    assert_whole(odd, uploads)


def test_a_registry_that_kept_other_bytes_gets_them_anew_however_often_it_refuses(
    odd: OddRegistry, uploads: Path
) -> None:
    leave(odd, uploads)
    odd.uploads["upload0"][0] ^= 1
    odd.faults += [Fault("PUT", status=400), Fault("PUT", status=400)]
    push(odd, uploads)
    assert odd.count("POST") == 3
    assert_whole(odd, uploads)


def test_an_upload_that_the_registry_has_too_much_of_begins_anew(odd: OddRegistry, uploads: Path) -> None:
    leave(odd, uploads)
    odd.uploads["upload0"] += bytes(SIZE)
    push(odd, uploads)
    assert_whole(odd, uploads)


def test_while_nothing_answers_what_is_kept_stays(odd: OddRegistry, uploads: Path) -> None:
    leave(odd, uploads)
    odd.faults += [Fault(method, status=502) for method in ("GET", "POST") for _ in range(20)]
    with pytest.raises(RegistryError, match="502"):
        push(odd, uploads)
    odd.faults.clear()
    push(odd, uploads)
    assert odd.taken_bytes == SIZE


@pytest.mark.parametrize(
    "location", ["", "/", "ftp://elsewhere/", "http://[", "http://127.0.0.1:1/v2/", "x" * 100, "\0", "http://a:b/"]
)
def test_a_location_that_leads_nowhere_is_no_error(odd: OddRegistry, uploads: Path, location: str) -> None:
    kept = leave(odd, uploads)
    with KeptUploads(uploads).held(Destination(f"{odd.url}/v2/", "a", BLOB.digest)) as upload:
        upload.keep(Kept(location))
        damaged = kept.read_bytes()
    kept.write_bytes(damaged)
    push(odd, uploads)
    assert_whole(odd, uploads)


def test_what_was_kept_for_something_else_is_of_no_use(odd: OddRegistry, uploads: Path) -> None:
    kept = leave(odd, uploads)
    kept.write_bytes(kept.read_bytes().replace(b'"a"', b'"b"'))
    push(odd, uploads)
    assert odd.count("POST") == 2
    assert_whole(odd, uploads)


def test_an_upload_is_never_in_two_hands(odd: OddRegistry, uploads: Path) -> None:
    kept = leave(odd, uploads)
    before, there = kept.read_bytes(), odd.taken_bytes
    ours = Destination(f"{odd.url}/v2/", "a", BLOB.digest)
    with suppress(InterruptedError), KeptUploads(uploads).held(ours) as other:
        assert other.found() is not None
        assert push(odd, uploads) == Pushed(Outcome.SENT, SIZE)
        raise InterruptedError
    assert odd.taken_bytes == there + SIZE
    assert kept.read_bytes() == before


def test_a_folder_that_cannot_be_is_no_error(odd: OddRegistry, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert push(odd, tmp_path / "file" / "uploads").outcome == Outcome.SENT


def test_a_link_in_the_place_of_a_state_is_not_followed(odd: OddRegistry, uploads: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    kept = leave(odd, uploads)
    kept.unlink()
    kept.symlink_to(tmp_path / "precious")
    push(odd, uploads)
    assert (tmp_path / "precious").read_bytes() == b"precious"


@settings(max_examples=40)
@given(st.binary(max_size=200) | st.just(b" " * 100_000) | st.just(b"[" * 50_000))
def test_whatever_is_in_a_state_the_blob_arrives(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, serving(OddRegistry()) as odd:
        state = Path(folder) / Destination(f"{odd.url}/v2/", "a", BLOB.digest).file_name
        state.write_bytes(content)
        push(odd, Path(folder))
        assert_whole(odd, Path(folder))


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=40), st.integers(0, 10**9), st.booleans())
def test_what_is_kept_is_found_by_the_next_alone_who_asks_for_it(
    root: str, repository: str, location: str, least_chunk: int, has_all: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept, ours = KeptUploads(Path(folder)), Destination(root, repository, Digest.of_bytes(b"a"))
        with suppress(InterruptedError), kept.held(ours) as upload:
            upload.keep(Kept("http://longer/than/most/" * 3, 1))
            upload.keep(Kept(f"x{location}", least_chunk, has_all))
            raise InterruptedError
        with kept.held(Destination(root, repository, Digest.of_bytes(b"b"))) as other:
            assert other.found() is None
        with kept.held(ours) as upload:
            assert upload.found() == Kept(f"x{location}", least_chunk, has_all)
        assert list(Path(folder).iterdir()) == []
