"""Models and Bentos to a remote: what is there is not sent again, and nothing is seen before all of it is there.

Blobs, configuration, manifest under its version, then what refers to it, and `latest` at the end. Killed at any
instant, the remote has the version whole or not at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ModelNotFound, UsageError
from ekiben.oci.artifact_store import ArtifactStore, FetchedManifest, Outcome, Pushed
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import BlobSource, JoinedSource
from ekiben.report import Reporter
from ekiben.store.archive.formats import BENTO, MODEL, ItemKind
from ekiben.store.bento_models import require_model
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.item import StoredItem
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.remote.artifacts.artifact import Artifact, ItemFacts
from ekiben.store.remote.artifacts.bento_artifact import BentoArtifact, write_bento
from ekiben.store.remote.artifacts.modelpack import write_model
from ekiben.store.remote.attaching import attach, attach_files
from ekiben.store.remote.documents import Standing, find_standing, read_documents, versions_of
from ekiben.store.remote.item_blobs import ItemBlob, bento_place, item_blobs, item_files, model_place, source_of
from ekiben.store.remote.manifest_signatures import sign_manifest
from ekiben.store.remote.mounting import push_mountable
from ekiben.store.remote.origin import made_at
from ekiben.store.remote.remotes import Place, Target
from ekiben.store.remote.tagging import move_latest, put_version, require_same
from ekiben.tag import Tag
from ekiben.trust.keys import PrivateKey


@dataclass(frozen=True, slots=True)
class PushRequest:
    """`place` is where the item goes, `models_place` where its models may be, whose blobs are then mounted. With
    `force`, `latest` goes back to what was made earlier, too; `key` signs the manifest; `mountable` says that the model
    is to be there as an image, too."""

    tag: str | Tag
    place: Place
    models_place: Place | None = None
    with_models: bool = True
    force: bool = False
    key: PrivateKey | None = field(default=None, repr=False)
    mountable: bool = False


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push came to: `standing` is the item at the remote, `latest` what that name means there now, `blobs` what
    became of each; none where the version was there already. `mountable` is the image's reference."""

    standing: Standing
    latest: Standing
    blobs: tuple[tuple[Descriptor, Pushed], ...] = ()
    was_there: bool = False
    mountable: str | None = None

    @property
    def reference(self) -> str:
        """The item's name there, with the digest that it is for ever."""
        return str(dataclasses.replace(self.standing.target, digest=self.standing.fetched.descriptor.digest))

    def to_dict(self) -> dict[str, object]:
        """What programs are told."""
        manifest = self.standing.fetched.descriptor
        latest = self.latest.facts.tag if self.latest.facts else None
        return {
            "ref": self.reference,
            "tag": str(self.standing.target.tag),
            "manifest_digest": str(manifest.digest),
            "latest": str(latest) if latest else None,
            "was_there": self.was_there,
            **({"mountable": self.mountable} if self.mountable else {}),
            "blobs": {outcome.value: self.count(outcome) for outcome in Outcome},
            "bytes": {outcome.value: self.size_bytes(outcome) for outcome in Outcome},
            "sent_bytes": self.sent_bytes,
        }

    @property
    def sent_bytes(self) -> int:
        """How much content was sent, what had to be sent again included."""
        return sum(one.sent_bytes for _, one in self.blobs)

    def count(self, outcome: Outcome) -> int:
        """How many blobs came to be there so."""
        return sum(one.outcome is outcome for _, one in self.blobs)

    def size_bytes(self, outcome: Outcome) -> int:
        """What those blobs hold."""
        return sum(blob.size_bytes for blob, one in self.blobs if one.outcome is outcome)


@dataclass(frozen=True, slots=True)
class _Parts:
    """An artifact and all its blobs, and where blobs may be already."""

    artifact: Artifact
    blobs: Sequence[ItemBlob]
    mounts: Mapping[Digest, Iterable[str]] = field(default_factory=dict)


def push_model(request: PushRequest, *, remote: ArtifactStore, store: Store, reporter: Reporter) -> PushReport:
    """A model, now at the remote. Raises ModelNotFound, VersionTaken, RemoteError, DamagedItem, StoreError."""
    model = store.models.get(request.tag)

    def make() -> _Parts:
        blobs = _model_blobs(model, store.cache, reporter)
        return _Parts(write_model(_facts(model), model.manifest, blobs), blobs)

    report = _push(model, MODEL, request, remote, store, reporter, make)
    if not request.mountable:
        return report
    with store.cache_held(), disk_errors(model.path):
        blobs = _model_blobs(model, store.cache, reporter)
    return dataclasses.replace(report, mountable=push_mountable(_facts(model), blobs, report.standing.target, remote))


def push_bento(request: PushRequest, *, remote: ArtifactStore, store: Store, reporter: Reporter) -> PushReport:
    """A Bento, now at the remote with its models unless told otherwise. Raises the same, and BentoNotFound."""
    bento = store.bentos.get(request.tag)
    models = _models_of(bento, store) if request.with_models else ()

    def make() -> _Parts:
        place, executables = bento_place(), bento.manifest.executables
        blobs = item_blobs(bento.path, item_files(bento.path, executables), place, store.cache, reporter)
        held = {one.tag: (_facts(one), _model_blobs(one, store.cache, reporter)) for one in models}
        artifact = write_bento(_facts(bento), bento.manifest, blobs, held, request.with_models)
        return _Parts(artifact, [*blobs, *(blob for _, those in held.values() for blob in those)], mounts(held))

    def mounts(held: Mapping[Tag, tuple[ItemFacts, Sequence[ItemBlob]]]) -> Mapping[Digest, Iterable[str]]:
        places = [
            place for place in (request.models_place, request.place) if place and place.base == request.place.base
        ]
        return {
            blob.layer.digest: [place.repository(tag.name) for place in places]
            for tag, (_, blobs) in held.items()
            for blob in blobs
        }

    return _push(bento, BENTO, request, remote, store, reporter, make)


def _push(
    item: StoredItem,
    kind: ItemKind,
    request: PushRequest,
    remote: ArtifactStore,
    store: Store,
    reporter: Reporter,
    make: Callable[[], _Parts],
) -> PushReport:
    target, facts = Target.of(request.place, item.tag), _facts(item)
    if not versions_of([target.asked]):
        raise UsageError(f"`{item.tag}` cannot go to a remote", hint="its version is what other things are tagged by")
    standing, pushed = find_standing(remote, target, kind), None
    if standing is None or not require_same(standing, facts) or _lacks_models(standing, request, remote, kind):
        find_standing(remote, Target(target.place, target.name), kind)  # the name is of one kind
        with store.cache_held(), disk_errors(item.path):
            parts = make()
            pushed = _push_blobs(parts, target, remote, reporter)
        new = Standing(target, _fetched(parts.artifact), facts)
        standing = put_version(remote, new, kind, standing)
    with disk_errors(item.path):
        attach_files(item.path, standing, remote)
    if request.key:
        attach([sign_manifest(standing.fetched.descriptor, request.key)], standing, remote)
    latest = move_latest(remote, standing, kind, force=request.force)
    return PushReport(standing, latest, pushed or (), was_there=pushed is None)


def _lacks_models(standing: Standing, request: PushRequest, remote: ArtifactStore, kind: ItemKind) -> bool:
    """Whether the same Bento is there without its models, and they are to go along now."""
    if kind is not BENTO or not request.with_models:
        return False
    artifact = read_documents(remote, standing, kind).artifact
    return isinstance(artifact, BentoArtifact) and not artifact.has_models


def _push_blobs(
    parts: _Parts, target: Target, remote: ArtifactStore, reporter: Reporter
) -> tuple[tuple[Descriptor, Pushed], ...]:
    artifact = parts.artifact
    source = JoinedSource({artifact.config.digest: artifact.config_content}, rest=source_of(parts.blobs))
    return push_all([*artifact.blobs, artifact.config], source, target, remote, parts.mounts, reporter)


def push_all(
    blobs: Iterable[Descriptor],
    source: BlobSource,
    target: Target,
    remote: ArtifactStore,
    mounts: Mapping[Digest, Iterable[str]],
    reporter: Reporter,
) -> tuple[tuple[Descriptor, Pushed], ...]:
    """Brings blobs to where `target` will be; each with what became of it."""
    wanted = {one.digest: one for one in blobs}
    pushed = remote.push_blobs(target.repository, wanted.values(), source, mounts, reporter)
    return tuple((wanted[digest], one) for digest, one in pushed.items())


def _fetched(artifact: Artifact) -> FetchedManifest:
    return FetchedManifest(artifact.descriptor, artifact.content)


def _facts(item: StoredItem) -> ItemFacts:
    return ItemFacts(item.tag, item.digest, made_at(item), item.size_bytes)


def _model_blobs(model: Model, cache: Path, reporter: Reporter) -> Sequence[ItemBlob]:
    return item_blobs(model.path, item_files(model.path), model_place(model.tag), cache, reporter)


def _models_of(bento: Bento, store: Store) -> Sequence[Model]:
    """Each once: two names may stand for one."""
    try:
        return list({entry.tag: require_model(entry, store.models) for entry in bento.manifest.models}.values())
    except ModelNotFound as error:
        raise ModelNotFound(error.message, hint="bring it back, or push the Bento with --without-models") from error
