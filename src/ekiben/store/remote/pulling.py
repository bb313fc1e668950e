"""Models and Bentos from a remote: staged, checked to the last byte, then committed, models before the Bento.

What the store has already is not fetched: of a version that is there `latest` moves, and nothing else. Of several
processes that pull the same item one fetches it, and the others find it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ArchiveError, ModelNotFound, NotInRegistry, RemoteError
from ekiben.report import Reporter
from ekiben.store.admission import require_signed
from ekiben.store.archive.committing import Arrival, commit_parcel, find_standing, shelf_of, subject_in
from ekiben.store.archive.formats import BENTO, MODEL, ItemKind
from ekiben.store.archive.incoming import Incoming, Parcel, open_item
from ekiben.store.archive.index import ArchiveIndex
from ekiben.store.archive.limits import Limits
from ekiben.store.bentos import Bento
from ekiben.store.changes import make_latest
from ekiben.store.claims import claim
from ekiben.store.disk import disk_errors
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.receipt import Receipt
from ekiben.store.remote.adopting import Adoption, adopt_model
from ekiben.store.remote.artifacts.artifact import ArtifactLayer, ItemFacts
from ekiben.store.remote.artifacts.bento_artifact import BentoArtifact, ModelOfBento
from ekiben.store.remote.artifacts.modelpack import ModelArtifact
from ekiben.store.remote.documents import Documents, Standing, find_of_kind, read_documents, require_standing
from ekiben.store.remote.downloads import Downloads
from ekiben.store.remote.fetching import Fetcher
from ekiben.store.remote.item_blobs import bento_place, model_place
from ekiben.store.remote.origin import pulled_from
from ekiben.store.remote.remotes import Place, Remotes, Target
from ekiben.store.remote.signed import take_signatures, take_trusted_signatures
from ekiben.store.sharing import find_file
from ekiben.store.signatures import Subject
from ekiben.tag import Tag
from ekiben.trust.keys import PublicKey
from ekiben.trust.policy import Policy

_ARRIVAL = Arrival("pull", "at the remote", "push that model there, or push the Bento with its models", {})


@dataclass(frozen=True, slots=True)
class PullRequest:
    """`models_place` is where the models of a Bento are that was pushed without them; None for the Bento's own place.
    `policy` is what the settings want signed, `keys` are those that they trust."""

    target: Target
    models_place: Place | None = None
    policy: Policy | None = None
    keys: tuple[PublicKey, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An item and where its files are: in the layers of an artifact in `target`'s repository, whose manifest `origin`
    names for ever. `standing` is what its signatures refer to: not the Bento that a model came in."""

    kind: ItemKind
    facts: ItemFacts
    target: Target
    origin: Target
    layers: tuple[ArtifactLayer, ...]
    standing: Standing | None

    @property
    def place(self) -> str:
        """The folder of its files in the layers."""
        return bento_place() if self.kind is BENTO else model_place(self.facts.tag)


def pull_model(request: PullRequest, *, remotes: Remotes, store: Store, reporter: Reporter) -> Model:
    """A model at a remote, now in the store.

    Raises NotInRegistry, RemoteError, VersionTaken, NotTrusted, StoreError.
    """
    tag, receipt = _Pull(request, remotes, store, reporter).run(MODEL)
    return Model(tag, shelf_of(MODEL, store.layout).folder(tag), receipt)


def pull_bento(request: PullRequest, *, remotes: Remotes, store: Store, reporter: Reporter) -> Bento:
    """A Bento at a remote, now in the store with its models. Raises the same, and ModelNotFound."""
    tag, receipt = _Pull(request, remotes, store, reporter).run(BENTO)
    return Bento(tag, shelf_of(BENTO, store.layout).folder(tag), receipt)


@dataclass(frozen=True, slots=True)
class _Pull:
    request: PullRequest
    remotes: Remotes
    store: Store
    reporter: Reporter

    def run(self, kind: ItemKind) -> tuple[Tag, Receipt]:
        """Brings the item, and gives its tag and receipt in the store."""
        found = self._find(self.request.target, kind)
        if isinstance(found.artifact, ModelArtifact) and found.artifact.facts is None:
            return self._adopt(found, found.artifact)
        item, needed = _wanted(found, kind), _models_of(found)
        if receipt := self._make_latest(item, needed):
            return item.facts.tag, receipt
        with self.store.scratch() as scratch, disk_errors(scratch), _said_of(item.target):
            claim(self.store.layout, scratch, [model.tag for model in needed])
            models = [self._locate(model, item) for model in needed if not self._has(model)]
            self._require_signed_models([model for model in needed if self._has(model)])
            downloads = Downloads(self.store.cache, self.reporter)
            with downloads.held([one.facts.digest for one in (item, *models)]):
                if receipt := self._make_latest(item, needed):  # somebody else has fetched it meanwhile
                    return item.facts.tag, receipt
                return self._bring(item, [one for one in models if not self._stands(one)], downloads, scratch)

    def _adopt(self, found: Documents, artifact: ModelArtifact) -> tuple[Tag, Receipt]:
        how = Adoption(self.request.limits, self.request.policy, _ARRIVAL)
        remote = self.remotes.open(found.target.place)
        with _said_of(found.target):
            return adopt_model(found, artifact, how, remote=remote, store=self.store, reporter=self.reporter)

    def _make_latest(self, item: _Wanted, models: Sequence[ModelOfBento]) -> Receipt | None:
        """The receipt of the item, now the latest of its name; None where it, or a model of it, is not here."""
        shelf = shelf_of(item.kind, self.store.layout)
        with disk_errors(shelf.root):
            if not self._stands(item) or not all(map(self._has, models)):
                return None
            self._require_signed(item, models)
            return make_latest(shelf, item.facts.tag, item.facts.digest)

    def _require_signed(self, item: _Wanted, models: Sequence[ModelOfBento]) -> None:
        """The same that is asked of what comes is asked of what is here. Raises NotTrusted."""
        subject, policy = self._subject(item.kind, item.facts.tag, item.facts.digest), self.request.policy
        if item.standing:
            remote = self.remotes.open(item.target.place)
            take_trusted_signatures(subject, item.standing, remote, self.store.layout, self.request.keys, self.reporter)
        if policy:
            require_signed(subject, policy)
        self._require_signed_models(models)

    def _require_signed_models(self, models: Sequence[ModelOfBento]) -> None:
        """The same of models alone, which are here."""
        policy = self.request.policy
        if policy is None or not policy.each_model:
            return
        for model in models:
            require_signed(self._subject(MODEL, model.tag, model.digest), policy)

    def _subject(self, kind: ItemKind, tag: Tag, digest: Digest) -> Subject:
        return subject_in(shelf_of(kind, self.store.layout).folder(tag), kind, tag, digest)

    def _bring(
        self, item: _Wanted, models: Sequence[_Wanted], downloads: Downloads, scratch: Path
    ) -> tuple[Tag, Receipt]:
        came = tuple(self._fetch(one, downloads, scratch) for one in (*models, item))
        parcel = Parcel(came[-1], came[:-1])
        committed = commit_parcel(parcel, self.store.layout, scratch, self.request.policy, _ARRIVAL)
        downloads.drop([one.facts.digest for one in (item, *models)])
        return committed

    def _fetch(self, item: _Wanted, downloads: Downloads, scratch: Path) -> Incoming:
        folder = scratch / item.facts.digest.hex
        folder.mkdir()
        remote, repository = self.remotes.open(item.target.place), item.target.repository
        here = partial(find_file, self.store.layout)
        fetcher = Fetcher(remote, repository, downloads.folder(item.facts.digest), self.reporter, here)
        tree = fetcher.fetch(item.layers, item.place, folder, self.request.limits)
        tree.sum_up()
        opened = open_item(tree, item.kind, ArchiveIndex(item.kind, item.facts.tag, item.facts.digest))
        if item.standing:
            theirs = self.remotes.open(item.standing.target.place)
            take_signatures(opened, item.standing, theirs, self.request.keys, self.reporter)
        return replace(opened, details=pulled_from(str(item.origin), item.facts))

    def _find(self, target: Target, kind: ItemKind) -> Documents:
        remote = self.remotes.open(target.place)
        return read_documents(remote, require_standing(remote, target, kind), kind, self.request.limits)

    def _locate(self, model: ModelOfBento, bento: _Wanted) -> _Wanted:
        """Where the files of a model are: in the Bento's artifact, else in the model's own."""
        target = Target.of(self.request.models_place or bento.target.place, model.tag)
        if model.facts and model.layers:
            return _Wanted(MODEL, model.facts, bento.target, bento.origin, model.layers, self._own(model, target))
        try:
            found = _wanted(self._find(target, MODEL), MODEL)
        except NotInRegistry as error:
            raise ModelNotFound(
                f"model `{model.tag}` of `{bento.target}` is neither with it nor in the store nor at `{target.place}`",
                hint="push that model there, or push the Bento with its models",
            ) from error
        if found.facts.digest != model.digest:
            raise RemoteError(
                f"`{target}` has other content than the Bento `{bento.target}` was built with",
                hint="push the Bento again with its models",
            )
        return found

    def _own(self, model: ModelOfBento, target: Target) -> Standing | None:
        """The model's own artifact, where its signatures are and somebody asks for them; None where it is not there."""
        if self.request.policy is None or not self.request.policy.each_model:
            return None
        standing = find_of_kind(self.remotes.open(target.place), target, MODEL)
        return standing if standing and standing.facts and standing.facts.digest == model.digest else None

    def _has(self, model: ModelOfBento) -> bool:
        return self._is_here(MODEL, model.tag, model.digest)

    def _stands(self, item: _Wanted) -> bool:
        return self._is_here(item.kind, item.facts.tag, item.facts.digest)

    def _is_here(self, kind: ItemKind, tag: Tag, digest: Digest) -> bool:
        return find_standing(kind, tag, digest, self.store.layout, _ARRIVAL.verb) is not None


def _models_of(found: Documents) -> tuple[ModelOfBento, ...]:
    return found.artifact.models if isinstance(found.artifact, BentoArtifact) else ()


def _wanted(found: Documents, kind: ItemKind) -> _Wanted:
    artifact = found.artifact
    if artifact.facts is None:
        raise RemoteError(
            f"`{found.target}` was not made by ekiben, and no Bento of ekiben's needs it", hint="pull it by itself"
        )
    target = replace(found.target, version=artifact.facts.tag.version, digest=None)
    origin = replace(target, digest=found.standing.fetched.descriptor.digest)
    return _Wanted(kind, artifact.facts, target, origin, artifact.layers, found.standing)


@contextmanager
def _said_of(target: Target) -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise RemoteError(f"`{target}` cannot be pulled: {error}", hint=error.hint) from error
