"""What child processes do with a store: `python -m tests.store.remote.object_store.processes ROLE URL OPTIONS ...`."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.oci.artifact_store import ArtifactStore, Download
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.object_store.parts import PART_BYTES
from tests.store.remote.object_store.artifacts import Artifact, random_blob

ROOT = Path(__file__).parents[4]
SIZES = (100, 3_000_000, 9_000_000)
LARGE = 4 * PART_BYTES + 12_345


class Stopping(io.BytesIO):
    """A blob, and a stream of it that gives nothing from a byte on, for ever."""

    def __init__(self, content: bytes, at: int) -> None:
        super().__init__(content)
        self.at = at

    def open(self, digest: Digest) -> BinaryIO:
        """Itself."""
        return self

    def read(self, size: int | None = -1) -> bytes:
        """Up to there."""
        if self.tell() >= self.at:
            threading.Event().wait()
        return super().read(size)


def start(role: str, url: str, options: Mapping[str, object], *arguments: str) -> subprocess.Popen[str]:
    """A child in that role, which says `begun` when it is, and at its end what it has found."""
    command = [sys.executable, "-m", "tests.store.remote.object_store.processes", role, url, json.dumps(options)]
    return subprocess.Popen([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(child: subprocess.Popen[str]) -> str:
    """What it said at its end. Fails where it failed."""
    said, talk = child.communicate()
    assert child.returncode == 0, talk
    return said.removeprefix("begun\n").strip()


def numbered(number: int) -> Artifact:
    """An artifact of several blobs."""
    return Artifact.of(number, SIZES)


def push(store: ArtifactStore, number: str) -> int:
    """Pushes an artifact as `a:v<number>`; how many bytes were sent."""
    artifact = numbered(int(number))
    pushed = store.push_blobs("a", artifact.blobs, artifact.source)
    store.push_manifest("a", artifact.content, artifact.manifest.media_type, f"v{number}")
    return sum(one.sent_bytes for one in pushed.values())


def pull(store: ArtifactStore, number: str, folder: str) -> int:
    """Saves its layers in a folder, each under its digest."""
    layers = numbered(int(number)).manifest.layers
    store.save_blobs("a", [Download(one, Path(folder) / one.digest.hex) for one in layers])
    return 0


def push_parts(store: ArtifactStore, stops_at: str) -> int:
    """Pushes one large blob, and never ends where it stops at a byte."""
    blob, content = random_blob(LARGE, 70)
    return store.push_blobs("a", [blob], Stopping(content, int(stops_at)))[blob.digest].sent_bytes


def crowd(store: ArtifactStore, number: str, folder: str) -> int:
    """Pushes three artifacts that others push, too, and pulls each."""
    for place in range(3):
        which = str((int(number) + place) % 4)
        push(store, which)
        into = Path(folder) / f"{number}-{which}"
        into.mkdir()
        pull(store, which, str(into))
    return 0


ROLES: dict[str, Callable[..., int]] = {"push": push, "push_parts": push_parts, "pull": pull, "crowd": crowd}

if __name__ == "__main__":
    opened = open_object_store(sys.argv[2], json.loads(sys.argv[3]))
    print("begun", flush=True)
    print(ROLES[sys.argv[1]](opened, *sys.argv[4:]), flush=True)
