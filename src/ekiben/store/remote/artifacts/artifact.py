"""The values of artifacts: `ItemFacts`, `ArtifactLayer` and `Artifact`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ekiben.digest import Digest
from ekiben.oci.artifact_store import Part
from ekiben.oci.descriptor import Descriptor
from ekiben.tag import Tag

Form = Literal["raw", "tar", "tar+gzip", "tar+zstd"]


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What is told of an item beside its content: the exact tag, the digest of its SHA256SUMS, the receipt's time, and
    how much the files of SHA256SUMS hold."""

    tag: Tag
    digest: Digest
    created: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ArtifactLayer:
    """A blob and the files in it. `path` is that of its one file in the item; empty for a tar that tells the names
    itself. `part` says where the file's bytes are in the tar, of a large one: the rest need not be fetched."""

    blob: Descriptor
    form: Form
    path: str = ""
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest as bytes, `content`, and what it names: a configuration and `blobs`, bottom up, each once."""

    content: bytes
    media_type: str
    config_content: bytes
    config: Descriptor
    blobs: tuple[Descriptor, ...]

    @property
    def descriptor(self) -> Descriptor:
        """Of the manifest."""
        return Descriptor.of_bytes(self.content, self.media_type)
