"""Models that other tools pushed become ours: their files as they are, and a model.yaml beside them.

They are called as they are found: the repository's last part is the name, and its tag the version, else the version is
made from the content. Nothing loads them but what reads their files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ekiben.digest import is_short_version
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.report import Reporter
from ekiben.store.archive.committing import Arrival, commit_parcel
from ekiben.store.archive.formats import MODEL
from ekiben.store.archive.incoming import Incoming, Parcel, open_item
from ekiben.store.archive.limits import Limits
from ekiben.store.archive.tree import Tree
from ekiben.store.changes import make_latest
from ekiben.store.disk import disk_errors
from ekiben.store.documents import dump_document
from ekiben.store.local import Store
from ekiben.store.model_manifest import ModelContext, ModelManifest
from ekiben.store.receipt import Receipt, read_details
from ekiben.store.remote.artifacts.model_config import ModelDescription
from ekiben.store.remote.artifacts.modelpack import ModelArtifact
from ekiben.store.remote.documents import Documents
from ekiben.store.remote.downloads import Downloads
from ekiben.store.remote.fetching import Fetcher
from ekiben.store.remote.origin import pulled_from, source_of_pull
from ekiben.store.remote.remotes import Target
from ekiben.store.remote.vouching import require_signed_manifest
from ekiben.store.shelf import model_shelf
from ekiben.tag import Tag
from ekiben.trust.policy import Policy


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is asked of what comes, and how it is told of."""

    limits: Limits
    policy: Policy | None
    arrival: Arrival


def adopt_model(
    found: Documents, artifact: ModelArtifact, how: Adoption, *, remote: ArtifactStore, store: Store, reporter: Reporter
) -> tuple[Tag, Receipt]:
    """Brings a model that another tool pushed; what it is by its content is known when it is here. One that came of the
    same manifest is not fetched again. Where a policy asks for signatures, one of the manifest is wanted. Raises
    ArchiveError where its files cannot be a model's, and as a pull does."""
    target, manifest = found.target, found.standing.fetched.descriptor.digest
    origin = replace(target, digest=manifest)
    if how.policy:
        require_signed_manifest(found.standing, remote, how.policy, reporter)
    if standing := _standing(target, origin, store):
        return target.tag, standing
    downloads = Downloads(store.cache, reporter)
    with store.scratch() as scratch, disk_errors(scratch), downloads.held([manifest]):
        folder = scratch / manifest.hex
        folder.mkdir()
        fetcher = Fetcher(remote, target.repository, downloads.folder(manifest), reporter)
        tree = fetcher.fetch(artifact.layers, artifact.place, folder, how.limits)
        parcel = Parcel(_opened(tree, artifact.description, target, origin))
        committed = commit_parcel(parcel, store.layout, scratch, None, how.arrival)
        downloads.drop([manifest])
        return committed


def _standing(target: Target, origin: Target, store: Store) -> Receipt | None:
    """The receipt of the version that came from there, now the latest of its name."""
    shelf, version = model_shelf(store.layout), _version(target)
    if version is None:
        return None
    tag = Tag(target.name, version)
    with disk_errors(shelf.root):
        receipt = shelf.receipt(tag)
        if receipt is None or source_of_pull(read_details(shelf.folder(tag))) != str(origin):
            return None
        return make_latest(shelf, tag, receipt.digest)


def _opened(tree: Tree, description: ModelDescription, target: Target, origin: Target) -> Incoming:
    if MODEL.manifest not in tree:
        tree.put(MODEL.manifest, dump_document(_manifest(target.name, description).to_dict()))
    tree.sum_up()
    opened = open_item(tree, MODEL, None, version=_version(target))
    return replace(opened, details=pulled_from(str(origin), None))


def _manifest(name: str, description: ModelDescription) -> ModelManifest:
    """The same wherever it is made: it names no Python, and no place."""
    told = description.to_dict()
    return ModelManifest(name, metadata={"modelpack": told} if told else {}, context=ModelContext(python_version=""))


def _version(target: Target) -> str | None:
    version = None if target.digest else target.version
    return None if version is None or is_short_version(version) else version
