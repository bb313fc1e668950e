"""Clients as tests want them: no credentials or proxies of this machine's, and short pauses."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from ekiben.oci.config import ImageConfig
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.image import Image, JoinedSource, make_image
from ekiben.oci.media_types import OCI_LAYER
from ekiben.oci.registry.credentials import Login
from ekiben.oci.registry.habits import Habits
from ekiben.oci.registry.network import Network
from ekiben.oci.registry.registry import Registry
from ekiben.oci.registry.retrying import Patience
from ekiben.report import BYTES, SilentReporter, Task

HASTY = Patience(tries=4, first_s=0.01)
BINARY = "application/octet-stream"


def registry_at(
    host: str,
    login: Login | None = None,
    *,
    chunk_bytes: int | None = None,
    network: Network | None = None,
    plain_http: bool | None = None,
    patience: Patience = HASTY,
    uploads: Path | None = None,
) -> Registry:
    """A client of the registry at `host`, which has `login` to show."""
    network = network or Network()
    opened = Registry.open(
        host, plain_http=plain_http, network=network, login=lambda: login, patience=patience, uploads=uploads
    )
    return replace(opened, habits=Habits(chunk_bytes, probe_bytes=chunk_bytes)) if chunk_bytes else opened


def blob_of(size_bytes: int, seed: int = 0) -> tuple[Descriptor, Callable[[], BinaryIO]]:
    """A blob of random bytes, and what opens it."""
    content = random.Random(seed).randbytes(size_bytes)
    return Descriptor.of_bytes(content, BINARY), lambda: io.BytesIO(content)


def image_of(size_bytes: int, seeds: tuple[int, ...] = (1, 2), architecture: str = "amd64") -> Image:
    """An image of a layer of that size for each seed, which no engine would unpack."""
    contents = {}
    for seed in seeds:
        blob, open_content = blob_of(size_bytes, seed)
        contents[blob.digest] = open_content().read()
    layers = tuple(Descriptor(OCI_LAYER, digest, size_bytes) for digest in contents)
    config = ImageConfig(platform=Platform("linux", architecture), diff_ids=tuple(contents))
    return make_image(config, layers, JoinedSource(contents))


@dataclass(slots=True)
class Counting:
    """A task that counts."""

    done: int = 0

    def advance(self, amount: int) -> None:
        """Counts."""
        self.done += amount


@dataclass(frozen=True, slots=True)
class Telling(SilentReporter):
    """A reporter whose tasks are all `one`, and that keeps what it is told."""

    one: Task
    told: list[str] = field(default_factory=list)

    def info(self, message: str) -> None:
        """Keeps it."""
        self.told.append(message)

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        """The one."""
        yield self.one
