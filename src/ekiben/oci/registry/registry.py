"""`Registry`: what can be done with one registry, for those who know nothing of HTTP."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.oci.artifact_store import ANYTHING, Download, FetchedManifest, Part, Pushed, Replaced
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.image import BlobSource, Image
from ekiben.oci.image_index import AnyImage, images_of, read_images
from ekiben.oci.parallel import run_all
from ekiben.oci.reference import Reference
from ekiben.oci.registry.addresses import Origin, api_url
from ekiben.oci.registry.authorization import Authorizer
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.credentials import Login, find_login
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.habits import Habits
from ekiben.oci.registry.kept_blobs import KeptBlobs
from ekiben.oci.registry.kept_uploads import KeptUploads
from ekiben.oci.registry.listing import Listing
from ekiben.oci.registry.manifests import Manifests
from ekiben.oci.registry.network import Network
from ekiben.oci.registry.quirks import quirks_of
from ekiben.oci.registry.reader import open_blob
from ekiben.oci.registry.referrers import Referrers, described, subject_of
from ekiben.oci.registry.retrying import Patience, Temporary
from ekiben.oci.registry.saving import Saving
from ekiben.oci.registry.transport import Transport
from ekiben.oci.registry.uploads import Upload
from ekiben.oci.transfer_progress import Meter, Progress
from ekiben.report import Reporter, SilentReporter

WORKERS = 4  # blobs at once: registries count connections, and one blob alone may fill the line


@dataclass(frozen=True, slots=True)
class PushedImage:
    """An image's manifest as the registry has it, and what became of each blob on the way."""

    manifest: Descriptor
    blobs: Mapping[Digest, Pushed]

    @property
    def sent_bytes(self) -> int:
        """How much content was sent, what had to be sent again included."""
        return sum(one.sent_bytes for one in self.blobs.values())


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry, for several threads: an ArtifactStore, with images. Every method raises RegistryError, naming the
    host and what helps: AccessDenied, NotInRegistry, WrongBytes where callers may tell them apart."""

    client: Client
    habits: Habits = field(default_factory=Habits)
    uploads: KeptUploads = field(default_factory=KeptUploads)

    @property
    def host(self) -> str:
        """As references name it."""
        return self.client.host

    @classmethod
    def open(
        cls,
        host: str,
        *,
        plain_http: bool | None = None,
        environ: Mapping[str, str] | None = None,
        network: Network | None = None,
        login: Callable[[], Login | None] | None = None,
        patience: Patience | None = None,
        uploads: Path | None = None,
    ) -> Registry:
        """The registry at `host[:port]`; nothing is sent yet.

        Without `plain_http` it is HTTPS, and plain HTTP for loopback hosts without certificates of their own and those
        that the network says so of. Proxies, certificates and credentials are those of `environ` where they are not
        given. Uploads that a process did not end are gone on with by the next that names the same folder `uploads`.
        """
        environ = os.environ if environ is None else environ
        network = network or Network.of(environ)
        root = api_url(host, plain_http=network.is_plain(host) if plain_http is None else plain_http)
        transport = Transport(network)
        asks = login or partial(find_login, host, environ)
        authorizer = Authorizer(host, Origin.of(root), transport, asks, time.monotonic)
        client = Client(host, root, transport, authorizer, patience or Patience(), _sleep)
        return cls(client, Habits.guessed(quirks_of(host)), KeptUploads(uploads))

    def repositories(self, beginning: str = "") -> Iterator[str]:
        """The repositories whose names begin so. Many registries list theirs to nobody: the error says what helps."""
        return Listing(self.client).repositories(beginning)

    def tags(self, repository: str) -> Iterator[str]:
        """Every tag, fetched page by page; none where there is no such repository."""
        return Listing(self.client).tags(repository)

    def source(self, repository: str) -> BlobSource:
        """The blobs of a repository, for those who open them by digest."""
        return _RegistrySource(self.client, repository)

    def head_blob(self, repository: str, digest: Digest) -> int | None:
        """A blob's size, None where the repository does not have it."""
        return RemoteBlob(self.client, repository, digest).head()

    def get_blob(self, repository: str, blob: Descriptor) -> Iterator[bytes]:
        """A blob's bytes, resumed where the connection breaks; WrongBytes comes after the last one."""
        return RemoteBlob(self.client, repository, blob.digest, blob.size_bytes).verified()

    def save_blobs(self, repository: str, downloads: Iterable[Download], reporter: Reporter | None = None) -> None:
        """Writes blobs into files, several at once, going on behind what an earlier try left there.

        Nobody may take a file for its blob before this returns; callers rename it then. Raises OSError, too.
        """
        wanted = tuple(downloads)
        saving = Saving.of(min(WORKERS, len(wanted))) if quirks_of(self.host).takes_ranges else Saving()
        with self._transfer(f"pull {repository}", (one.part or one.blob for one in wanted), reporter) as progress:
            client = replace(self.client, wait=progress.wait)
            jobs = [
                partial(
                    saving.save_locked,
                    RemoteBlob(client, repository, one.blob.digest, one.blob.size_bytes),
                    one.path,
                    progress,
                    one.part,
                )
                for one in wanted
            ]
            run_all(jobs, WORKERS, progress.stop)

    def head_manifest(self, repository: str, version: str) -> Descriptor | None:
        """What a tag or digest names, None where there is no such."""
        return Manifests(self.client, repository).head(version)

    def get_manifest(self, repository: str, version: str) -> FetchedManifest:
        """The manifest or index of a tag or digest."""
        return Manifests(self.client, repository).get(version)

    def get_image(self, reference: Reference, platform: Platform | None = None, keep_in: Path | None = None) -> Image:
        """The image of that name: of an index the one for `platform`, the only one where none is asked for.

        Its blobs stay where they are until they are opened, and are files in the folder `keep_in` from then on, where
        one is given. Raises ImageError for what is no image, or not for that platform.
        """
        return self.get_images(reference, (platform,), keep_in)[0]

    def get_images(
        self, reference: Reference, platforms: Sequence[Platform | None] | None = None, keep_in: Path | None = None
    ) -> tuple[Image, ...]:
        """The images of that name, one for each of `platforms`; without, all that there are. Else as `get_image`."""
        repository = reference.repository
        source = KeptBlobs(self.client, repository, keep_in) if keep_in else self.source(repository)
        content = self.get_manifest(repository, reference.version).content

        def read(descriptor: Descriptor) -> bytes:
            return self.get_manifest(repository, str(descriptor.digest)).content

        return read_images(content, platforms, read, source, f"`{reference}`")

    def push_blob(
        self,
        repository: str,
        blob: Descriptor,
        open_content: Callable[[], BinaryIO],
        mounts: Iterable[str] = (),
        progress: Progress | None = None,
    ) -> Pushed:
        """Brings a blob to a repository, or finds it there; `mounts` are others of the registry that may have it."""
        progress = progress or Progress()
        client = replace(self.client, wait=progress.wait)
        return Upload(client, repository, blob, open_content, self.habits, Meter(progress), self.uploads).run(mounts)

    def push_blobs(
        self,
        repository: str,
        blobs: Iterable[Descriptor],
        source: BlobSource,
        mounts: Mapping[Digest, Iterable[str]] | None = None,
        reporter: Reporter | None = None,
    ) -> Mapping[Digest, Pushed]:
        """Brings there what is not there, several blobs at once. `mounts` says of blobs in which other repositories of
        this registry they may be."""
        wanted, mounts = {one.digest: one for one in blobs}, mounts or {}
        with self._transfer(f"push {repository}", wanted.values(), reporter) as progress:
            jobs = [
                partial(self.push_blob, repository, one, partial(source.open, digest), mounts.get(digest, ()), progress)
                for digest, one in wanted.items()
            ]
            return dict(zip(wanted, run_all(jobs, WORKERS, progress.stop), strict=True))

    def push_manifest(
        self,
        repository: str,
        content: bytes,
        media_type: str,
        version: str | None = None,
        replaces: Replaced = ANYTHING,
    ) -> Descriptor:
        """Stores a manifest or index by its digest, and under the tag `version`; what it names is there already. One
        with a `subject` is among its `referrers` then, whether the registry keeps lists of them or not.

        Raises ChangedMeanwhile where the tag does not name what it `replaces`.
        """
        subject = subject_of(content)
        put = Manifests(self.client, repository).put(content, media_type, version, replaces)
        if subject and not (put.subject_is_known and quirks_of(self.host).has_referrers):
            Referrers(self.client, repository).add(subject, described(content, put.descriptor))
        return put.descriptor

    def delete_manifest(self, repository: str, version: str) -> None:
        """Takes a tag away where the registry can do that alone, else the manifest with all its tags.

        Raises NotInRegistry, and RegistryError with a hint where the registry deletes nothing.
        """
        deleted = Manifests(self.client, repository).delete(version)
        if deleted and (subject := subject_of(deleted.content)):
            Referrers(self.client, repository).remove(subject, deleted.descriptor.digest)

    def referrers(self, repository: str, digest: Digest, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """The manifests whose subject is `digest`, of one type or of all."""
        return Referrers(self.client, repository).of(digest, artifact_type)

    def push_image(
        self,
        image: AnyImage,
        reference: Reference,
        mounts: Mapping[Digest, Iterable[str]] | None = None,
        reporter: Reporter | None = None,
    ) -> PushedImage:
        """Pushes what the registry lacks of an image, several blobs at once, then its manifest under the reference. Of
        an index the blobs of all images, each once, then their manifests by digest, then the index.

        `mounts` says of blobs in which other repositories of this registry they may be. Killed at any instant, the
        registry has the old image or the new one under that name.
        """
        pushed = self.push_blobs(reference.repository, image.blobs, image.source, mounts, reporter)
        for one in images_of(image):
            if one is not image:
                self.push_manifest(reference.repository, one.content, one.descriptor.media_type)
        version = None if reference.digest else reference.version
        manifest = self.push_manifest(reference.repository, image.content, image.descriptor.media_type, version)
        return PushedImage(manifest, pushed)

    @contextmanager
    def _transfer(self, name: str, blobs: Iterable[Descriptor | Part], reporter: Reporter | None) -> Iterator[Progress]:
        total = sum(one.size_bytes for one in blobs)
        reporter = reporter or SilentReporter()
        with reporter.task(name, total) as task:
            yield Progress(task, reporter.info, self.client.transport.break_off)


def _sleep(seconds: float, _: Temporary) -> None:
    time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class _RegistrySource:
    """The blobs of one repository."""

    client: Client
    repository: str

    def open(self, digest: Digest) -> BinaryIO:
        """The blob's bytes, fetched while they are read."""
        return open_blob(RemoteBlob(self.client, self.repository, digest))
