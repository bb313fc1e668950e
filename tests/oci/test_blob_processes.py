"""Many processes on one store of blobs, some of them killed: every blob has its digest, and nothing stays behind."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.blobs import BlobStore
from tests.oci.processes import TREES, key_of, start, tree

ROUNDS = 10
CHILDREN = 3
WINDOW_S = 0.15  # the time of a few layers


def whole_blobs(folder: Path) -> set[Digest]:
    """The digests of the blobs, each held to its bytes."""
    digests = set()
    for path in (folder / "blobs" / "sha256").glob("*"):
        assert Digest.of_file(path).hex == path.name
        digests.add(Digest(path.name))
    return digests


def drafts(folder: Path) -> int:
    return sum(1 for _ in (folder / "drafts").iterdir())


def begin(folder: Path) -> subprocess.Popen[str]:
    child = start("for-ever", folder)
    assert child.stdout
    assert child.stdout.readline() == "begun\n"
    return child


def kill(children: list[subprocess.Popen[str]]) -> None:
    for child in children:
        child.send_signal(signal.SIGKILL)
    for child in children:
        assert child.communicate()[1] == ""


def test_processes_that_are_killed_leave_whole_blobs_and_records_that_hold(tmp_path: Path) -> None:
    rng, halves, store = random.Random(8), 0, BlobStore(tmp_path)
    for _ in range(ROUNDS):
        children = [begin(tmp_path) for _ in range(CHILDREN)]
        time.sleep(rng.uniform(0, WINDOW_S))
        kill(children)
        halves += drafts(tmp_path)
        digests = whole_blobs(tmp_path)
        for layer in filter(None, (store.known_layer(key_of(seed)) for seed in range(TREES))):
            assert layer.digest in digests
    assert halves > ROUNDS / 2  # kills came in the middle
    expected = BlobStore(tmp_path / "another")
    for seed in range(TREES):
        layer = store.make_layer(tree(seed))
        assert layer == expected.make_layer(tree(seed))
        assert store.known_layer(key_of(seed)) in (layer, None)
    assert drafts(tmp_path) == 0


def test_several_make_one_layer_at_once(tmp_path: Path) -> None:
    children = [start("one", tmp_path) for _ in range(4)]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    digests = {child.communicate("go\n")[0].strip() for child in children}
    assert {str(digest) for digest in whole_blobs(tmp_path)} == digests
    assert len(digests) == 1
    assert drafts(tmp_path) == 0


def test_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as stream:
        stream.truncate(300 * 2**20)
    grown_bytes = int(start("large", tmp_path / "store", str(large)).communicate()[0])
    assert grown_bytes < 40 * 2**20


def test_a_full_disk_is_the_callers_error_and_leaves_nothing(tmp_path: Path) -> None:
    said, warned = start("full", tmp_path).communicate()
    assert (said, warned) == ("File too large\n", "")
    assert whole_blobs(tmp_path) == set()
    assert drafts(tmp_path) == 0
