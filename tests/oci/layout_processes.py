"""What child processes write: `python -m tests.oci.layout_processes ROLE BLOBS TARGET [NAME]`."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ekiben.oci.appending import ConfigChanges, append_layers
from ekiben.oci.blobs import BlobStore
from ekiben.oci.docker_archive import save_docker_archive
from ekiben.oci.image import Image, JoinedSource
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from tests.oci.images import make_layer, small_image

ROOT = Path(__file__).parents[2]
IMAGES = 4  # among which a child chooses


def start(role: str, blobs: Path, target: Path, *arguments: str) -> subprocess.Popen[str]:
    """A child in that role, its talk on pipes."""
    command = [sys.executable, "-m", "tests.oci.layout_processes", role, str(blobs), str(target), *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def image_of(store: BlobStore, number: int) -> Image:
    """An image with a megabyte of its own, always the same for one number. Its blobs are copied, not linked."""
    text = random.Random(number).randbytes(500_000).hex()
    image = append_layers(small_image(store), [make_layer(store, text, "none")], store, ConfigChanges())
    copied = JoinedSource({image.manifest.config.digest: image.config.to_bytes()}, rest=_Unlinked(store))
    return Image(image.manifest, image.config, copied)


class _Unlinked:
    """A store that keeps to itself where its files are."""

    def __init__(self, store: BlobStore) -> None:
        self.open = store.open


def add_for_ever(store: BlobStore, target: Path) -> None:
    """Adds one image after the other under its number, and tells when the first is begun."""
    images = [image_of(store, number) for number in range(IMAGES)]
    rng = random.Random()
    print("begun", flush=True)
    while True:
        number = rng.randrange(IMAGES)
        Layout(target).add(images[number], str(number))


def replace_for_ever(store: BlobStore, target: Path) -> None:
    """Gives two names other images all the time, and tells when the first is begun."""
    images = [image_of(store, number) for number in range(IMAGES)]
    rng = random.Random()
    print("begun", flush=True)
    while True:
        Layout(target).add(images[rng.randrange(IMAGES)], rng.choice(("a", "b")))


def add_one(store: BlobStore, target: Path, name: str) -> None:
    """Adds one image under `name` when told to."""
    image = small_image(store, name)
    print("ready", flush=True)
    sys.stdin.readline()
    Layout(target).add(image, name)


def save_for_ever(store: BlobStore, target: Path) -> None:
    """Saves one image after the other as one archive, and tells when the first is begun."""
    images = [image_of(store, number) for number in range(IMAGES)]
    rng = random.Random()
    print("begun", flush=True)
    while True:
        number = rng.randrange(IMAGES)
        save_docker_archive(images[number], [Reference.parse(f"iris:{number}")], target)


def fill_the_disk(store: BlobStore, target: Path) -> None:
    """Adds an image where no file may grow beyond half a megabyte, and tells what came of it."""
    image = image_of(store, 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**19, 2**19))
    try:
        Layout(target).add(image, "large")
    except OSError as error:
        print(error.strerror, flush=True)


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {
        "add-for-ever": add_for_ever,
        "replace-for-ever": replace_for_ever,
        "add-one": add_one,
        "save-for-ever": save_for_ever,
        "fill": fill_the_disk,
    }
    roles[sys.argv[1]](BlobStore(Path(sys.argv[2])), Path(sys.argv[3]), *sys.argv[4:])
