"""Blobs that several connections bring into one file, and files that several processes want."""

from __future__ import annotations

import itertools
import random
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import EkibenError, NotInRegistry, RegistryError, WrongBytes
from ekiben.oci.artifact_store import Download, Part
from ekiben.oci.locking import locked_file
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.network import Network
from ekiben.oci.registry.partial_file import PartialFile
from ekiben.oci.registry.registry import Registry
from ekiben.oci.registry.saving import Saving
from ekiben.oci.transfer_progress import Meter, Progress
from tests.oci.registry.odd_registry import Fault, OddRegistry, serving
from tests.oci.registry.processes import start
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import Counting, Telling, blob_of, registry_at

PIECE = 64 * 1024
SIZE = 40 * PIECE + 5
BLOB, OPEN = blob_of(SIZE)
CONTENT = OPEN().read()
RATE = 8_000_000
DROPPED = 2 * 1024 * 1024  # at most on its way when an answer is left, once
INSIDE = Part(1000, SIZE - 3000, Digest.of_bytes(CONTENT[1000 : SIZE - 2000]))


@pytest.fixture
def odd() -> Iterator[OddRegistry]:
    """An odd registry that has the blob, and gives each connection little."""
    with serving(OddRegistry(rate=RATE)) as registry:
        registry.put(CONTENT)
        yield registry


def impatient(helpers: int = 3) -> Saving:
    """Calls for help at once."""
    return Saving(threading.Semaphore(helpers), PIECE, silent_s=0.5, clock=itertools.count(0, 10).__next__)


def save(
    odd: OddRegistry,
    path: Path,
    saving: Saving | None = None,
    part: Part | None = None,
    progress: Progress | None = None,
) -> bytes:
    """The blob through a file."""
    blob = RemoteBlob(registry_at(odd.host).client, "a", BLOB.digest, SIZE)
    (saving or impatient()).save_locked(blob, path, progress or Progress(), part)
    return path.read_bytes()


def left(path: Path, content: bytes, pieces: set[int]) -> None:
    """Leaves what a killed process would: these pieces of the content, and nothing of the others."""
    with PartialFile.open(path, BLOB.digest, SIZE, PIECE) as file:
        file.record(file.found())
        for index in pieces:
            file.write(index * PIECE, memoryview(content[index * PIECE : (index + 1) * PIECE]))
            file.note(index, len(content[index * PIECE : (index + 1) * PIECE]))


def asked(odd: OddRegistry) -> list[tuple[int, int]]:
    """The bounded ranges that were asked for, as first byte and the one behind the last."""
    told = (re.fullmatch(r"bytes=(\d+)-(\d+)", one.headers.get("Range", "")) for one in odd.seen)
    return [(int(one[1]), int(one[2]) + 1) for one in told if one]


def test_several_connections_bring_one_blob(odd: OddRegistry, tmp_path: Path) -> None:
    count = Counting()
    assert save(odd, tmp_path / "blob", progress=Progress(count)) == CONTENT
    assert odd.most_sending >= 4
    assert count.done == SIZE


def test_what_a_fast_connection_brings_alone_is_asked_for_once(odd: OddRegistry, tmp_path: Path) -> None:
    assert save(odd, tmp_path / "blob", Saving(threading.Semaphore(3))) == CONTENT
    assert [one.headers.get("Range") for one in odd.seen] == [None]


def test_no_more_connections_are_opened_than_are_spare(odd: OddRegistry, tmp_path: Path) -> None:
    saving = impatient(2)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda name: save(odd, tmp_path / name, saving), "ab")) == [CONTENT, CONTENT]
    assert odd.most_sending <= 4 + 2  # an answer that was left ends a little later
    assert save(odd, tmp_path / "c", saving) == CONTENT


@pytest.mark.parametrize("helpers", [0, 3])
def test_a_part_of_a_blob_is_held_to_its_own_digest(odd: OddRegistry, tmp_path: Path, helpers: int) -> None:
    assert save(odd, tmp_path / "file", impatient(helpers), INSIDE) == CONTENT[1000 : SIZE - 2000]
    assert asked(odd)[0] == (1000, SIZE - 2000)
    wrong = Part(INSIDE.offset + 1, INSIDE.size_bytes, INSIDE.digest)
    with pytest.raises(WrongBytes, match=f"did not send `{BLOB.digest}`: the bytes are those of `sha256:"):
        save(odd, tmp_path / "other", impatient(helpers), wrong)
    assert not (tmp_path / "other").exists()


def test_nothing_around_a_part_is_fetched(odd: OddRegistry, tmp_path: Path) -> None:
    part = Part(PIECE, 2 * PIECE, Digest.of_bytes(CONTENT[PIECE : 3 * PIECE]))
    count = Counting()
    registry_at(odd.host).save_blobs("a", [Download(BLOB, tmp_path / "file", part)], Telling(count))
    assert (tmp_path / "file").read_bytes() == CONTENT[PIECE : 3 * PIECE]
    assert odd.sent_bytes == count.done == 2 * PIECE


def test_a_part_behind_the_end_of_its_blob_is_not_asked_for(odd: OddRegistry, tmp_path: Path) -> None:
    with pytest.raises(WrongBytes, match="is said to end behind it"):
        save(odd, tmp_path / "file", part=Part(SIZE - 5, 6, INSIDE.digest))
    assert not odd.seen


@pytest.mark.parametrize("kind", ["ignored", "refused", "wrong start", "wrong bytes", "too long"])
def test_a_registry_that_cannot_do_ranges_sends_one_stream(odd: OddRegistry, tmp_path: Path, kind: str) -> None:
    odd.ranges = kind
    assert save(odd, tmp_path / "blob") == CONTENT
    if kind in ("ignored", "refused", "wrong start"):
        assert odd.sent_bytes <= SIZE * 2  # one answer to a helper may be on its way


@pytest.mark.parametrize("kind", ["ignored", "refused", "wrong start", "wrong bytes", "too long"])
def test_a_part_comes_without_ranges_or_not_at_all(odd: OddRegistry, tmp_path: Path, kind: str) -> None:
    odd.ranges = kind
    try:
        assert save(odd, tmp_path / "file", part=INSIDE) == CONTENT[1000 : SIZE - 2000]
    except WrongBytes:
        assert kind == "wrong bytes"
        assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_connections_that_are_refused_are_done_without(odd: OddRegistry, tmp_path: Path, status: int) -> None:
    odd.faults += [Fault("GET", status=status, is_of_part=True) for _ in range(20)]
    assert save(odd, tmp_path / "blob") == CONTENT
    assert odd.sent_bytes == SIZE


@pytest.mark.timeout(60)
@pytest.mark.parametrize("came", [0, 10_000])
def test_connections_that_are_never_served_are_not_waited_for(odd: OddRegistry, tmp_path: Path, came: int) -> None:
    odd.faults += [Fault("GET", cut_after=came, stall_s=3600.0, is_of_part=True)]
    assert save(odd, tmp_path / "blob") == CONTENT


@pytest.mark.timeout(60)
def test_a_connection_that_stalls_in_the_middle_is_broken_off(odd: OddRegistry, tmp_path: Path) -> None:
    odd.rate = RATE // 4
    stalls = Fault("GET", cut_after=1000, stall_s=3600.0, is_of_part=True)

    def stall_the_fifth() -> None:
        while len(asked(odd)) < 5:
            time.sleep(0.001)
        odd.faults.append(stalls)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(stall_the_fifth)
        assert save(odd, tmp_path / "blob") == CONTENT
    assert stalls not in odd.faults


def test_a_real_registry_sends_one_blob_over_several_connections(
    real_registry: RealRegistry, registry: Registry, tmp_path: Path
) -> None:
    blob, open_content = blob_of(40_000_000)
    registry.push_blob("a", blob, open_content)
    path = tmp_path / "blob"
    impatient().save_locked(RemoteBlob(registry.client, "a", blob.digest, blob.size_bytes), path, Progress())
    assert path.read_bytes() == open_content().read()


def test_gaps_that_a_killed_process_left_are_all_that_is_fetched(odd: OddRegistry, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    there = set(random.Random(1).sample(range(40), 25))
    left(path, CONTENT, there)
    assert save(odd, path) == CONTENT
    assert SIZE - 25 * PIECE <= odd.sent_bytes <= SIZE - 25 * PIECE + DROPPED
    assert all(first // PIECE not in there for first, _ in asked(odd))


def test_a_front_that_a_killed_process_left_is_gone_on_with(odd: OddRegistry, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(CONTENT[:1_000_003])
    assert save(odd, path) == CONTENT
    assert odd.sent_bytes <= SIZE - 1_000_003 + DROPPED


def test_a_file_that_is_whole_is_not_asked_for(odd: OddRegistry, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    left(path, CONTENT, set(range(41)))
    assert save(odd, path) == CONTENT
    assert save(odd, path) == CONTENT
    assert not odd.seen


@pytest.mark.parametrize("pieces", [{0, 5}, set(range(41))])
def test_damage_in_what_was_left_is_found_and_mended(odd: OddRegistry, tmp_path: Path, pieces: set[int]) -> None:
    path = tmp_path / "blob"
    left(path, bytes(SIZE), pieces)
    assert save(odd, path) == CONTENT


@pytest.mark.parametrize("length", [1, PIECE, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE])
def test_a_foreign_file_never_becomes_the_blob(odd: OddRegistry, tmp_path: Path, length: int) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"\xff" * length)
    assert save(odd, path) == CONTENT


def test_wrong_bytes_from_several_connections_leave_no_file(odd: OddRegistry, tmp_path: Path) -> None:
    odd.blobs[str(BLOB.digest)] = bytes(SIZE)
    with pytest.raises(WrongBytes):
        save(odd, tmp_path / "blob")
    assert not list(tmp_path.iterdir())


def test_a_failure_keeps_what_has_come(odd: OddRegistry, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    odd.faults += [Fault("GET", cut_after=1_500_000), *(Fault("GET", status=500) for _ in range(20))]
    with pytest.raises(RegistryError):
        save(odd, path, impatient(0))
    odd.faults.clear()
    odd.sent_bytes = 0
    assert save(odd, path) == CONTENT
    assert odd.sent_bytes <= SIZE - 1_500_000 + DROPPED


@pytest.mark.timeout(60)
def test_a_failure_does_not_wait_for_those_that_help(odd: OddRegistry, tmp_path: Path) -> None:
    odd.faults += [
        Fault("GET", cut_after=2_000_000),
        Fault("GET", cut_after=PIECE // 2, stall_s=3600.0, is_of_part=True),
        Fault("GET", status=404),
    ]
    client = registry_at(odd.host, network=Network(stall_s=3600.0)).client
    progress = Progress(break_off=client.transport.break_off)
    with pytest.raises(NotInRegistry):
        impatient(1).save_locked(RemoteBlob(client, "a", BLOB.digest, SIZE), tmp_path / "blob", progress)


def test_another_process_that_fetches_the_same_is_waited_for(odd: OddRegistry, tmp_path: Path) -> None:
    odd.rate = RATE // 8
    path = tmp_path / BLOB.digest.hex
    with start("save", odd.host, str(path)) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        while not odd.sending:
            pass
        told = Telling(Counting())
        registry_at(odd.host).save_blobs("a", [Download(BLOB, path)], told)
        assert child.wait() == 0
    assert told.told == [f"waiting for another process that fetches `{path.name}`"]
    assert path.read_bytes() == CONTENT
    assert odd.sent_bytes <= SIZE + DROPPED


def test_who_waits_for_a_file_can_be_stopped(odd: OddRegistry, tmp_path: Path) -> None:
    progress = Progress()
    with locked_file(tmp_path / "blob"), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(save, odd, tmp_path / "blob", progress=progress)
        progress.stop()
        with pytest.raises(EkibenError, match="stopped"):
            waiting.result()


def test_a_pull_over_several_connections_killed_at_any_instant_goes_on(odd: OddRegistry, tmp_path: Path) -> None:
    size, kills, instants = 24_000_000, 8, random.Random(3)
    blob, open_content = blob_of(size, seed=3)
    content = open_content().read()
    odd.put(content)
    path = tmp_path / blob.digest.hex
    for _ in range(kills):
        with start("save", odd.host, str(path)) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "begun\n"
            time.sleep(instants.uniform(0, 0.8))
            child.kill()
        with PartialFile.open(path, blob.digest, size, PIECE) as file:
            pieces = file.found()
        left = path.read_bytes()
        for index in range(pieces.count()):
            there = slice(index * PIECE, pieces.reached(index))
            assert left[there] == content[there]
    impatient().save_locked(RemoteBlob(registry_at(odd.host).client, "a", blob.digest, size), path, Progress())
    assert path.read_bytes() == content
    assert odd.sent_bytes <= size + kills * 4 * 1024 * 1024


def test_a_file_of_another_blob_that_was_left_is_begun_again(odd: OddRegistry, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    with PartialFile.open(path, Digest.of_bytes(b"another"), SIZE, PIECE) as file:
        file.record(file.found())
        file.note(0, PIECE)
    assert save(odd, path) == CONTENT


def test_a_blob_of_unknown_size_ends_where_the_registry_says(odd: OddRegistry, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    blob = RemoteBlob(registry_at(odd.host).client, "a", BLOB.digest)
    impatient().save(blob, path, Meter(Progress()))
    assert path.read_bytes() == CONTENT
    assert odd.count("GET") == 1
