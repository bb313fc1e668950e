"""What child processes do with a registry: `python -m tests.oci.registry.processes ROLE HOST ARGUMENT`."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.artifact_store import Download
from ekiben.oci.image import Image
from ekiben.oci.reference import Reference
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.saving import Saving
from ekiben.oci.transfer_progress import Progress
from tests.oci.registry.talking import image_of, registry_at

ROOT = Path(__file__).parents[3]
LAYER_BYTES = 3_000_000
CHUNK_BYTES = 400_000
PIECE_BYTES = 64 * 1024


def start(role: str, host: str, argument: str) -> subprocess.Popen[str]:
    """A child in that role, its talk on pipes. It says `begun` when it is."""
    command = [sys.executable, "-m", "tests.oci.registry.processes", role, host, argument]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def numbered_image(number: int) -> Image:
    """An image whose first layer every one has."""
    return image_of(LAYER_BYTES, seeds=(0, 4 * number + 1, 4 * number + 2, 4 * number + 3))


def push(host: str, number: str) -> None:
    """Pushes an image as `image:latest`."""
    image = numbered_image(int(number))
    print("begun", flush=True)
    registry_at(host, chunk_bytes=CHUNK_BYTES).push_image(image, Reference(host, "image", "latest"))


def pull(host: str, folder: str) -> None:
    """Saves the layers of `image:latest` in a folder, each under its digest."""
    registry = registry_at(host)
    layers = registry.get_image(Reference(host, "image", "latest")).manifest.layers
    print("begun", flush=True)
    registry.save_blobs("image", [Download(one, Path(folder) / one.digest.hex) for one in layers])


def save(host: str, path: str) -> None:
    """Saves the blob of the repository `a` that the file is named for, over several connections at once."""
    size_bytes = registry_at(host).head_blob("a", Digest(Path(path).name))
    saving = Saving(threading.Semaphore(3), PIECE_BYTES, clock=itertools.count(0, 10).__next__)
    print("begun", flush=True)
    blob = RemoteBlob(registry_at(host).client, "a", Digest(Path(path).name), size_bytes)
    saving.save_locked(blob, Path(path), Progress())


ROLES: dict[str, Callable[[str, str], None]] = {"push": push, "pull": pull, "save": save}

if __name__ == "__main__":
    ROLES[sys.argv[1]](sys.argv[2], sys.argv[3])
