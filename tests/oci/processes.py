"""What child processes do to a store of blobs: `python -m tests.oci.processes ROLE FOLDER [ARGUMENT]`."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.blobs import BlobStore
from ekiben.oci.entries import Entry, FilePart

ROOT = Path(__file__).parents[2]
TREES = 8  # among which a child chooses


def start(role: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A child in that role, its talk on pipes."""
    command = [sys.executable, "-m", "tests.oci.processes", role, str(folder), *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def tree(seed: int) -> list[Entry]:
    """Some megabytes of entries, always the same for one seed."""
    rng = random.Random(seed)
    return [Entry.file(f"f/{n}", rng.randbytes(rng.randrange(200_000))) for n in range(30)]


def key_of(seed: int) -> Digest:
    """What the layer of `tree(seed)` is kept under."""
    return Digest.of_bytes(str(seed).encode())


def make_for_ever(store: BlobStore) -> None:
    """Makes and keeps one layer after the other, and tells when one is begun and kept."""
    rng = random.Random()
    trees = [tree(seed) for seed in range(TREES)]
    while True:
        seed = rng.randrange(TREES)
        print("begun", flush=True)
        store.keep_layer(key_of(seed), store.make_layer(trees[seed]))
        print("kept", flush=True)


def make_one(store: BlobStore) -> None:
    """Makes layer 0 when it is told to, and tells its digest."""
    entries = tree(0)
    print("ready", flush=True)
    sys.stdin.readline()
    print(store.make_layer(entries).digest, flush=True)


def make_large(store: BlobStore, file: str) -> None:
    """Makes a layer of `file` and tells the bytes by which this process grew meanwhile."""
    store.make_layer(tree(0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store.make_layer([Entry.file("large", FilePart(Path(file)))])
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024, flush=True)


def make_on_a_full_disk(store: BlobStore) -> None:
    """Makes a layer where no file may grow beyond a megabyte, and tells what came of it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    try:
        store.make_layer(tree(0))
    except OSError as error:
        print(error.strerror, flush=True)


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {
        "for-ever": make_for_ever,
        "one": make_one,
        "large": make_large,
        "full": make_on_a_full_disk,
    }
    roles[sys.argv[1]](BlobStore(Path(sys.argv[2])), *sys.argv[3:])
