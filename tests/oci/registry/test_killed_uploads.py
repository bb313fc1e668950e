"""Pushes that are killed at any instant, for real: what the next one sends again, and how much memory it takes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.digest import Digest
from tests.oci.registry.keeping_registry import KeepingRegistry, keeping
from tests.oci.registry.pushers import Ended, Job, Pushers, pushers
from tests.oci.registry.real_registry import RealRegistry

KILLS = 50
MIB = 1024 * 1024
CHUNK = 4 * MIB  # more than lies between two sockets, so that some are killed while they send
SIZE = 3 * CHUNK + 5
SLOWLY = 0.002  # seconds for each quarter of a megabyte, so that instants differ
LARGE = 2_000_000_000
MEMORY = 16 * MIB  # more than a push of a small blob has
KILLED = -9
TRIES = 8


@pytest.fixture(scope="module")
def crowd() -> Iterator[Pushers]:
    """Processes to kill."""
    with pushers() as starting:
        yield starting


def job(folder: Path, host: str, seed: int = 0) -> Job:
    """A file to push in chunks."""
    path = folder / f"blob{seed}"
    path.write_bytes(random.Random(seed).randbytes(SIZE))
    return Job(host, str(path), str(Digest.of_file(path)), str(folder / "uploads"), CHUNK)


def kill_pushes(crowd: Pushers, folder: Path, host: str) -> list[list[Ended]]:
    """Kills `KILLS` of them, each at an instant of the time that one takes which nobody kills. The pushes of each blob;
    the last one of each has ended, by itself after `TRIES`."""
    instants, kills = random.Random(1), 0
    blobs = [[crowd.push(job(folder, host, seed=0))]]  # the first takes longer
    work, began_s = job(folder, host, seed=1), time.monotonic()
    blobs.append([crowd.push(work)])
    whole_s = time.monotonic() - began_s
    while kills < KILLS:
        work, pushes = job(folder, host, len(blobs)), list[Ended]()
        while not pushes or pushes[-1].status:
            pushes.append(crowd.push(work, instants.uniform(0, whole_s) if len(pushes) < TRIES else None))
            kills += pushes[-1].status == KILLED
        blobs.append(pushes)
        Path(work.path).unlink()
    assert list((folder / "uploads").iterdir()) == []
    return blobs


@pytest.mark.timeout(300)
def test_where_the_registry_keeps_what_came_nothing_is_sent_again(crowd: Pushers, tmp_path: Path) -> None:
    with keeping(KeepingRegistry(pause_s=SLOWLY)) as registry:
        blobs = kill_pushes(crowd, tmp_path, registry.host)
    assert len(registry.blobs) == len(blobs)
    assert registry.taken_bytes == len(blobs) * SIZE


@pytest.mark.timeout(300)
def test_where_it_keeps_whole_chunks_the_chunk_of_each_kill_is_sent_again(crowd: Pushers, tmp_path: Path) -> None:
    with keeping(KeepingRegistry(pause_s=SLOWLY, whole_chunks=True)) as registry:
        blobs = kill_pushes(crowd, tmp_path, registry.host)
    assert len(registry.blobs) == len(blobs)
    assert len(blobs) * SIZE < registry.taken_bytes < len(blobs) * SIZE + KILLS * CHUNK


@pytest.mark.timeout(300)
def test_docker_registry_has_every_blob_in_the_end(crowd: Pushers, real_registry: RealRegistry, tmp_path: Path) -> None:
    blobs = kill_pushes(crowd, tmp_path, real_registry.host)
    assert all(one.read_bytes <= SIZE for pushes in blobs for one in pushes)  # of each kill the blob goes again at most
    there = list(real_registry.folder.glob("data/docker/registry/v2/blobs/*/*/*/data"))
    assert len(there) == len(blobs)
    assert all(Digest.of_file(path).hex == path.parent.name for path in there)


@pytest.mark.parametrize("dies_at", [CHUNK, 2 * CHUNK])
def test_docker_registry_gets_the_rest_of_what_was_killed_between_chunks(
    crowd: Pushers, real_registry: RealRegistry, tmp_path: Path, dies_at: int
) -> None:
    work = job(tmp_path, real_registry.host)
    work.dies_at = dies_at
    assert crowd.push(work).status == KILLED
    work.dies_at = None
    ended = crowd.push(work)
    assert (ended.status, ended.read_bytes) == (0, SIZE - dies_at)
    assert real_registry.blob_path(Digest.parse(work.digest)).read_bytes() == Path(work.path).read_bytes()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seeks", [True, False])
def test_a_push_of_any_blob_and_going_on_with_it_takes_the_memory_of_a_small_one(
    crowd: Pushers, tmp_path: Path, seeks: bool
) -> None:
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(LARGE)  # sparse: no disk is needed
    with keeping(KeepingRegistry()) as registry:
        small = crowd.push(job(tmp_path, registry.host))
        large = Job(registry.host, str(path), str(Digest.of_file(path)), str(tmp_path / "uploads"), seeks=seeks)
        large.dies_at = LARGE // 2
        assert crowd.push(large).status == KILLED
        large.dies_at = None
        ended = crowd.push(large)
    assert ended.status == 0
    assert registry.taken_bytes == SIZE + LARGE
    assert ended.rss_bytes < small.rss_bytes + MEMORY
