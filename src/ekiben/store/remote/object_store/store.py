"""`ObjectStore`: an ArtifactStore in a folder or a bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from ekiben.digest import Digest
from ekiben.errors import RemoteError
from ekiben.oci.artifact_store import ANYTHING, Download, FetchedManifest, Outcome, Part, Pushed, Replaced
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import BlobSource
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.parallel import run_all
from ekiben.oci.transfer_progress import Meter, Progress
from ekiben.report import Reporter, SilentReporter
from ekiben.store.remote.object_store.checked import Checked
from ekiben.store.remote.object_store.condemned import Condemned
from ekiben.store.remote.object_store.documents import Documents
from ekiben.store.remote.object_store.layout import BLOBS, blob_key
from ekiben.store.remote.object_store.objects import Objects
from ekiben.store.remote.object_store.saving import Saving
from ekiben.store.remote.object_store.source import Source
from ekiben.store.remote.object_store.sweeping import Swept, repositories, sweep

WORKERS = 4  # blobs at once
GRACE_S = 24 * 3600.0  # longer than any push


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """The repositories in `objects`. All blobs are everybody's: one is pushed once, whatever repository it is for."""

    objects: Objects

    @property
    def host(self) -> str:
        """The URL, without what is secret in it."""
        return self.objects.name

    def repositories(self, beginning: str = "") -> Iterator[str]:
        """See ArtifactStore."""
        return repositories(self.objects, beginning)

    def tags(self, repository: str) -> Iterator[str]:
        """See ArtifactStore."""
        return self._documents(repository).tags()

    def head_manifest(self, repository: str, version: str) -> Descriptor | None:
        """See ArtifactStore."""
        found = self._documents(repository).find(version)
        return found.descriptor if found else None

    def get_manifest(self, repository: str, version: str) -> FetchedManifest:
        """See ArtifactStore."""
        return self._documents(repository).get(version)

    def push_manifest(
        self,
        repository: str,
        content: bytes,
        media_type: str,
        version: str | None = None,
        replaces: Replaced = ANYTHING,
    ) -> Descriptor:
        """See ArtifactStore."""
        if len(content) > MAX_BYTES:
            raise RemoteError(f"a manifest of {len(content)} bytes is larger than {MAX_BYTES}")
        return self._documents(repository).put(content, media_type, version, replaces)

    def delete_manifest(self, repository: str, version: str) -> None:
        """See ArtifactStore. What nothing leads to any more goes with a later `sweep`."""
        self._documents(repository).delete(version)

    def referrers(self, repository: str, digest: Digest, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """See ArtifactStore."""
        return self._documents(repository).referrers(digest, artifact_type)

    def source(self, repository: str) -> BlobSource:
        """See ArtifactStore."""
        return Source(self.objects)

    def push_blobs(
        self,
        repository: str,
        blobs: Iterable[Descriptor],
        source: BlobSource,
        mounts: Mapping[Digest, Iterable[str]] | None = None,
        reporter: Reporter | None = None,
    ) -> Mapping[Digest, Pushed]:
        """See ArtifactStore. There is nothing to mount."""
        wanted = {one.digest: one for one in blobs}
        with _transfer(f"push {repository}", wanted.values(), reporter) as progress:
            condemned = frozenset(mark.key for mark in Condemned(self.objects).keys(BLOBS)) if wanted else frozenset()
            jobs = [partial(self._push, one, source, condemned, Meter(progress)) for one in wanted.values()]
            return dict(zip(wanted, run_all(jobs, WORKERS, progress.stop), strict=True))

    def save_blobs(self, repository: str, downloads: Iterable[Download], reporter: Reporter | None = None) -> None:
        """See ArtifactStore."""
        wanted = tuple(downloads)
        with _transfer(f"pull {repository}", (one.part or one.blob for one in wanted), reporter) as progress:
            jobs = [Saving(self.objects, one, Meter(progress)).run for one in wanted]
            run_all(jobs, WORKERS, progress.stop)

    def sweep(self, grace_s: float = GRACE_S) -> Swept:
        """Removes what no version leads to, and was condemned by a sweep `grace_s` seconds ago; condemns what no
        version leads to now. Others may push meanwhile, if that takes them less than the grace time."""
        return sweep(self.objects, grace_s)

    def _documents(self, repository: str) -> Documents:
        return Documents(self.objects, repository)

    def _push(self, blob: Descriptor, source: BlobSource, condemned: frozenset[str], meter: Meter) -> Pushed:
        key = blob_key(blob.digest)
        if key in condemned:
            Condemned(self.objects).lift(key)
        found = self.objects.stat(key)
        if found and found.size_bytes == blob.size_bytes:
            meter.reached(blob.size_bytes)
            return Pushed(Outcome.PRESENT)
        if found:  # cut off, or a stranger's
            self.objects.remove(key)
        sent_bytes = self.objects.upload(key, lambda: Checked(blob, source.open(blob.digest)), meter)
        meter.reached(blob.size_bytes)
        return Pushed(Outcome.SENT if sent_bytes or not blob.size_bytes else Outcome.PRESENT, sent_bytes)


@contextmanager
def _transfer(name: str, wanted: Iterable[Descriptor | Part], reporter: Reporter | None) -> Iterator[Progress]:
    reporter = reporter or SilentReporter()
    with reporter.task(name, sum(one.size_bytes for one in wanted)) as task:
        yield Progress(task, reporter.info)
