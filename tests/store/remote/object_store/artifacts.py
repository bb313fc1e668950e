"""Artifacts of random bytes, as any tool makes them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from ekiben.digest import Digest
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import JoinedSource
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import OCI_MANIFEST

BINARY = "application/octet-stream"
CONFIG = Descriptor.of_bytes(b"{}", "application/vnd.oci.empty.v1+json")


def random_blob(size_bytes: int, seed: int) -> tuple[Descriptor, bytes]:
    """A blob of random bytes."""
    content = random.Random(seed).randbytes(size_bytes)
    return Descriptor.of_bytes(content, BINARY), content


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest over blobs, and their bytes."""

    manifest: Manifest
    contents: dict[Digest, bytes] = field(repr=False)

    @classmethod
    def of(cls, seed: int, sizes: tuple[int, ...] = (1000,), subject: Descriptor | None = None) -> Artifact:
        """One with layers of these sizes."""
        blobs = [random_blob(size, seed * 100 + place) for place, size in enumerate(sizes)]
        contents = {blob.digest: content for blob, content in blobs} | {CONFIG.digest: b"{}"}
        layers = tuple(blob for blob, _ in blobs)
        kind = "application/vnd.test.note" if subject else "application/vnd.test.lunch"
        manifest = Manifest(CONFIG, layers, {"seed": str(seed)}, OCI_MANIFEST, kind, subject)
        return cls(manifest, contents)

    @property
    def descriptor(self) -> Descriptor:
        """The manifest's."""
        return Descriptor.of_bytes(self.content, OCI_MANIFEST)

    @property
    def content(self) -> bytes:
        """The manifest's."""
        return self.manifest.to_bytes()

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """All that it names."""
        return (self.manifest.config, *self.manifest.layers)

    @property
    def source(self) -> JoinedSource:
        """Where they are read."""
        return JoinedSource(self.contents)

    def push(self, store: ArtifactStore, repository: str = "a", tag: str | None = "v1") -> Descriptor:
        """Brings all of it there."""
        store.push_blobs(repository, self.blobs, self.source)
        return store.push_manifest(repository, self.content, OCI_MANIFEST, tag)
