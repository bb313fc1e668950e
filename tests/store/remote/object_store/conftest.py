"""Stores of every kind, for laws that hold for all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.oci.artifact_store import ArtifactStore
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.object_store.store import ObjectStore
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import registry_at
from tests.store.remote.object_store.servers import BUCKET, BucketServer

KINDS = ("folder", "s3", "google", "memory", "registry")
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Somewhere:
    """A place of the test's own, and how a client of it is made: as many as there are users."""

    kind: str
    url: str
    options: dict[str, object]

    def open(self) -> ArtifactStore:
        """A client that knows nothing of others."""
        return registry_at(self.url) if self.kind == "registry" else open_object_store(self.url, self.options)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """Moto's S3."""
    server = BucketServer("s3", tmp_path_factory.mktemp("s3") / "log")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def google_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """The emulator of Google's storage."""
    server = BucketServer("google", tmp_path_factory.mktemp("google") / "log")
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=KINDS)
def somewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Somewhere]:
    """A place of each kind."""
    yield from place_of(request.param, request, tmp_path)


@pytest.fixture(params=[kind for kind in KINDS if kind != "registry"])
def unregistered(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Somewhere]:
    """A place of each kind that is no registry."""
    yield from place_of(request.param, request, tmp_path)


@pytest.fixture
def store(somewhere: Somewhere) -> ArtifactStore:
    """A client of it."""
    return somewhere.open()


@pytest.fixture
def object_store(unregistered: Somewhere) -> ObjectStore:
    """A client of it."""
    opened = unregistered.open()
    assert isinstance(opened, ObjectStore)
    return opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to share, not made yet."""
    return tmp_path / "shared"


def place_of(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Somewhere]:
    """A place of that kind."""
    prefix = f"box-{next(_numbers)}"
    match kind:
        case "folder":
            yield Somewhere(kind, f"file://{tmp_path}/shared", {})
        case "s3":
            yield Somewhere(kind, f"s3://{BUCKET}/{prefix}", request.getfixturevalue("s3_server").options)
        case "google":
            yield Somewhere(kind, f"gs://{BUCKET}/{prefix}", request.getfixturevalue("google_server").options)
        case "memory":
            yield Somewhere(kind, f"memory://{prefix}", {})
        case _:
            running = RealRegistry(tmp_path / "registry")
            running.start()
            yield Somewhere(kind, running.host, {})
            running.kill()
