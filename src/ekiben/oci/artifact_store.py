"""`ArtifactStore`: what a registry can do, so that what pushes and pulls does not care whether it is one.

A registry is the first (`registry`); a folder or a bucket that holds the same manifests and blobs is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

from ekiben.digest import Digest
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import BlobSource
from ekiben.report import Reporter


class Outcome(Enum):
    """How a blob came to be in a repository."""

    PRESENT = "present"
    MOUNTED = "mounted"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a blob, and how many bytes of content were sent for it."""

    outcome: Outcome
    sent_bytes: int = 0


@dataclass(frozen=True, slots=True)
class FetchedManifest:
    """A manifest or index as it lies there: its bytes count, which the digest is of."""

    descriptor: Descriptor
    content: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes of a blob from `offset` on that are one file of known `digest`: what the tar around it adds is neither
    fetched nor kept."""

    offset: int
    size_bytes: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Download:
    """A blob, or the `part` of one, to be written to `path`. What an earlier try left there is gone on with, and nobody
    else need know how: the file may have gaps, and be longer than what it will hold.

    The file is locked while it is written: another process that wants it waits, and fetches it no second time.
    """

    blob: Descriptor
    path: Path
    part: Part | None = None


class _Replaces(Enum):
    ANYTHING = "anything"


ANYTHING: Final = _Replaces.ANYTHING

# What a tag has to name for it to be moved: what `head_manifest` gave, None where that was nothing; or ANYTHING.
Replaced: TypeAlias = Descriptor | Literal[_Replaces.ANYTHING] | None


class ArtifactStore(Protocol):
    """Repositories of manifests and blobs, for several threads. `version` is a tag or a digest as text.

    Every method raises RemoteError (a registry's are RegistryError), naming the place and what helps: AccessDenied,
    NotInRegistry, WrongBytes where callers may tell them apart. Nothing is believed that a store sends: documents are
    bounded and held to their digests, blobs to digest and size.
    """

    @property
    def host(self) -> str:
        """What it is called in messages: `ghcr.io`, `s3://bucket/path`."""

    def repositories(self, beginning: str = "") -> Iterator[str]:
        """The repositories whose name begins so. Raises RemoteError with a hint where the store does not tell."""

    def tags(self, repository: str) -> Iterator[str]:
        """Every tag, fetched page by page; none where there is no such repository."""

    def head_manifest(self, repository: str, version: str) -> Descriptor | None:
        """What a version names, None where there is no such."""

    def get_manifest(self, repository: str, version: str) -> FetchedManifest:
        """The manifest or index of a version. Raises NotInRegistry."""

    def push_manifest(
        self,
        repository: str,
        content: bytes,
        media_type: str,
        version: str | None = None,
        replaces: Replaced = ANYTHING,
    ) -> Descriptor:
        """Stores a manifest under its digest, and under the tag `version`; what it names is there already. One with a
        `subject` is found by `referrers` from then on.

        Raises ChangedMeanwhile where the tag names neither this nor what it `replaces`. A store that cannot do so in
        one step looks right before, and again when whoever looked at the same time must be done.
        """

    def delete_manifest(self, repository: str, version: str) -> None:
        """Takes a version away: a tag alone where the store can, else the manifest with all its tags. Raises
        NotInRegistry, and RemoteError where the store does not delete."""

    def referrers(self, repository: str, digest: Digest, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """The manifests whose subject is `digest`, of one type or of all."""

    def source(self, repository: str) -> BlobSource:
        """The blobs of a repository, for those who open them by digest."""

    def push_blobs(
        self,
        repository: str,
        blobs: Iterable[Descriptor],
        source: BlobSource,
        mounts: Mapping[Digest, Iterable[str]] | None = None,
        reporter: Reporter | None = None,
    ) -> Mapping[Digest, Pushed]:
        """Brings there what is not there, several blobs at once; gone on with where an earlier process was killed.
        `mounts` says of blobs in which other repositories of this store they may be."""

    def save_blobs(self, repository: str, downloads: Iterable[Download], reporter: Reporter | None = None) -> None:
        """Writes blobs into files, several at once. Nobody may take a file for its blob before this returns. Raises
        WrongBytes after removing what is wrong, and OSError from the disk."""
