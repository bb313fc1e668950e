"""Clients and registries that are killed in the middle, for real."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.artifact_store import Download
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.oci.transfer_progress import Progress
from tests.oci.registry.processes import numbered_image, start
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import Telling, blob_of, registry_at

KILLS = 6
CHUNK = 128 * 1024
SIZE = 6 * CHUNK + 1


@dataclass(slots=True)
class KillAt:
    """A task that kills the registry when it is told of that byte, and starts it again."""

    registry: RealRegistry
    byte: int
    kills: int = 0
    done: int = 0

    def advance(self, amount: int) -> None:
        """Counts."""
        self.done += amount
        if self.done >= self.byte and not self.kills:
            self.kills += 1
            self.registry.kill()
            self.registry.start()


def lasts_s(role: str, host: str, argument: str) -> float:
    """How long a child's work takes that nobody kills."""
    child = start(role, host, argument)
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        begun_s = time.monotonic()
        _, talk = child.communicate()
    assert child.returncode == 0, talk
    return time.monotonic() - begun_s


def kill_after(seconds: float, role: str, host: str, argument: str) -> None:
    """Starts a child's work and kills it."""
    with start(role, host, argument) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        time.sleep(seconds)
        child.kill()


def assert_whole(registry: Registry, host: str) -> Digest:
    """Everything that `image:latest` names is there; gives its digest."""
    image = registry.get_image(Reference(host, "image", "latest"))
    for blob in image.blobs:
        assert Digest.of_chunks(registry.get_blob("image", blob)) == blob.digest
    return image.digest


def test_a_push_killed_at_any_instant_leaves_the_old_image_or_the_new(
    real_registry: RealRegistry, registry: Registry
) -> None:
    host, instants = real_registry.host, random.Random(1)
    whole_s = lasts_s("push", host, "0")
    before = assert_whole(registry, host)
    for number in range(1, KILLS + 1):
        kill_after(instants.uniform(0, whole_s), "push", host, str(number))
        assert assert_whole(registry, host) in (before, numbered_image(number).digest)
        lasts_s("push", host, str(number))
        before = assert_whole(registry, host)
        assert before == numbered_image(number).digest


def test_a_pull_killed_at_any_instant_goes_on(real_registry: RealRegistry, registry: Registry, tmp_path: Path) -> None:
    host, instants = real_registry.host, random.Random(2)
    image = numbered_image(0)
    registry.push_image(image, Reference(host, "image", "latest"))
    whole_s = lasts_s("pull", host, str(tmp_path))
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        kill_after(instants.uniform(0, whole_s), "pull", host, str(folder))
        lasts_s("pull", host, str(folder))
        assert {Digest.of_file(path) for path in folder.iterdir()} == {one.digest for one in image.layers}


@pytest.mark.parametrize("byte", [1, CHUNK - 1, CHUNK, 3 * CHUNK + 7, SIZE])
def test_a_registry_that_is_killed_and_comes_back_gets_all_of_a_blob(real_registry: RealRegistry, byte: int) -> None:
    registry = registry_at(real_registry.host, chunk_bytes=CHUNK)
    blob, open_content = blob_of(SIZE)
    killer = KillAt(real_registry, byte)
    registry.push_blob("a", blob, open_content, progress=Progress(killer))
    assert (killer.kills, killer.done) == (1, SIZE)
    assert real_registry.blob_path(blob.digest).read_bytes() == open_content().read()


def test_a_registry_that_is_killed_and_comes_back_sends_the_rest(real_registry: RealRegistry, tmp_path: Path) -> None:
    registry = registry_at(real_registry.host)
    blob, open_content = blob_of(30_000_000)
    registry.push_blob("a", blob, open_content)
    killer = KillAt(real_registry, 5_000_000)
    registry.save_blobs("a", [Download(blob, tmp_path / "blob")], Telling(killer))
    assert (killer.kills, killer.done) == (1, blob.size_bytes)
    assert (tmp_path / "blob").read_bytes() == open_content().read()
