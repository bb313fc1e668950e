"""What refers to an item at a remote: its signatures, SBOM and provenance, brought there, from there and across."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import NotInRegistry, RemoteError
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.image import read_document
from ekiben.oci.manifest import Manifest
from ekiben.report import Reporter
from ekiben.store.remote.artifacts.refusals import refusing
from ekiben.store.remote.documents import Standing
from ekiben.store.remote.referrers import SIGNATURE, Referrer, check_attached, is_attached, read_referrer, refer
from ekiben.store.sums import SIGNATURES

_MOST = 64  # referrers of an item that are looked at: a stranger may have put any number there


def attach_files(folder: Path, standing: Standing, store: ArtifactStore) -> int:
    """Puts the signatures and records of the item in `folder` beside its manifest; gives how many were not there.
    Raises RemoteError, OSError."""
    places = sorted((*folder.glob("*"), *(folder / SIGNATURES).glob("*")))
    paths = [path for place in places if is_attached(path := place.relative_to(folder).as_posix()) and place.is_file()]
    subject = standing.fetched.descriptor
    return attach([refer(subject, path, (folder / path).read_bytes()) for path in paths], standing, store)


def attach(referrers: Sequence[Referrer], standing: Standing, store: ArtifactStore) -> int:
    """Puts what refers to an item beside its manifest; gives how many were not there. Raises RemoteError."""
    if not referrers:
        return 0
    repository = standing.target.repository
    there = {one.digest for one in store.referrers(repository, standing.fetched.descriptor.digest)}
    missing = [one for one in referrers if Digest.of_bytes(one.content) not in there]
    for one in missing:
        store.push_blobs(repository, one.blobs, one.source)
        store.push_manifest(repository, one.content, one.media_type)
    return len(missing)


def fetch_signatures(
    standing: Standing, store: ArtifactStore, reporter: Reporter, artifact_type: str = SIGNATURE
) -> Iterator[tuple[str, bytes]]:
    """Path and content of the signatures that refer to an item; whether they are any good is to be asked yet. One that
    cannot be read is passed over with a warning. Raises RemoteError where the remote does not answer."""
    repository, subject = standing.target.repository, standing.fetched.descriptor.digest
    what = f"`{standing.target}`"
    for one in store.referrers(repository, subject, artifact_type)[:_MOST]:
        fetched = store.get_manifest(repository, str(one.digest))
        try:
            attached = read_referrer(fetched.content, subject, what)
            with refusing(what):
                content = read_document(attached.blob, store.source(repository), "a signature")
            yield attached.path, check_attached(attached, content, what)
        except NotInRegistry:
            continue
        except RemoteError as error:
            reporter.warn(f"a signature is left out: {error}")


def copy_attached(found: Standing, source: ArtifactStore, standing: Standing, store: ArtifactStore) -> None:
    """Brings what refers to an item to where the same manifest stands now. Raises RemoteError."""
    subject, ours = found.fetched.descriptor.digest, standing.target.repository
    there = {one.digest for one in store.referrers(ours, subject)}
    for one in source.referrers(found.target.repository, subject)[:_MOST]:
        if one.digest in there:
            continue
        fetched = source.get_manifest(found.target.repository, str(one.digest))
        with refusing(f"what refers to `{found.target}`"):
            manifest = Manifest.parse(fetched.content, "a manifest")
        blobs = (*manifest.layers, manifest.config)
        store.push_blobs(ours, blobs, source.source(found.target.repository))
        store.push_manifest(ours, fetched.content, fetched.descriptor.media_type)
