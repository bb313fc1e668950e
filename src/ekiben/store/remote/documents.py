"""The documents of an item at a remote: which version is meant, and what its manifest and configuration say. No layer
is fetched for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ekiben.errors import AmbiguousTag, InvalidTag, NotInRegistry, RemoteError
from ekiben.oci.artifact_store import ArtifactStore, FetchedManifest
from ekiben.oci.image import read_document
from ekiben.oci.manifest import Manifest
from ekiben.store.archive.formats import BENTO, MODEL, ItemKind
from ekiben.store.archive.limits import Limits
from ekiben.store.remote.artifacts.artifact import ItemFacts
from ekiben.store.remote.artifacts.bento_artifact import BentoArtifact, read_bento
from ekiben.store.remote.artifacts.facts import parse_facts
from ekiben.store.remote.artifacts.modelpack import ModelArtifact, read_model
from ekiben.store.remote.artifacts.recognising import Kind, kind_of
from ekiben.store.remote.artifacts.refusals import refusing
from ekiben.store.remote.mounting import MOUNTABLE
from ekiben.store.remote.remotes import Target
from ekiben.store.shelf import choose_by_prefix
from ekiben.tag import LATEST, Tag

# Tags that are no versions: the fallback for referrers (OCI distribution-spec), what cosign calls signatures, images.
_OTHERS = re.compile(rf"{LATEST}|sha256-[0-9a-f]{{64}}(?:\..*)?|.*{re.escape(MOUNTABLE)}")
_NOUNS: dict[Kind, str] = {"model": "a model", "bento": "a Bento", "image": "an image", "other": "something else"}
_OWN: dict[str, Kind] = {MODEL.noun: "model", BENTO.noun: "bento"}
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_SHOWN = 5  # versions that a message names


@dataclass(frozen=True, slots=True)
class Standing:
    """A version as it stands at a remote: its manifest, and what that tells of the item; `facts` are None for a model
    that another tool made."""

    target: Target
    fetched: FetchedManifest
    facts: ItemFacts | None


@dataclass(frozen=True, slots=True)
class Documents:
    """A manifest with its configuration, read."""

    standing: Standing
    artifact: ModelArtifact | BentoArtifact

    @property
    def target(self) -> Target:
        """What it was found as: by the version that it has there."""
        return self.standing.target


def find_standing(store: ArtifactStore, target: Target, kind: ItemKind) -> Standing | None:
    """Exactly this version, None where there is none. Raises RemoteError where it is of another kind, or no such item
    can be called so."""
    fetched = _fetch(store, target)
    if fetched is None:
        return None
    _require_kind(fetched, kind, f"`{target}`")
    return _standing(fetched, target)


def find_of_kind(store: ArtifactStore, target: Target, kind: ItemKind) -> Standing | None:
    """The same for lists: None where it is of another kind, too."""
    fetched = _fetch(store, target)
    if fetched is None or kind_of(fetched.content, f"`{target}`") != _OWN[kind.noun]:
        return None
    return _standing(fetched, target)


def require_standing(store: ArtifactStore, target: Target, kind: ItemKind) -> Standing:
    """What `target` means: exactly that version, `latest`, or the one version that begins so. Raises NotInRegistry,
    AmbiguousTag, RemoteError."""
    if standing := find_standing(store, target, kind):
        return standing
    versions = () if target.digest else versions_of(store.tags(target.repository))
    chosen = _choose(store, target, kind, versions)
    if chosen and (standing := find_standing(store, chosen, kind)):
        return standing
    shown = ", ".join(f"`{target.name}:{one}`" for one in versions[:_SHOWN])
    more = f" and {len(versions) - _SHOWN} more" if len(versions) > _SHOWN else ""
    hint = f"there {'is' if len(versions) == 1 else 'are'} {shown}{more}" if versions else None
    raise NotInRegistry(f"there is no {kind.noun} `{target}`", hint=hint)


def read_documents(store: ArtifactStore, standing: Standing, kind: ItemKind, limits: Limits | None = None) -> Documents:
    """The rest of what is told of it. Raises RemoteError, also where its layers are over the `limits`."""
    what = f"`{standing.target}`"
    with refusing(what):
        config = Manifest.parse(standing.fetched.content, "its manifest").config
        content = read_document(config, store.source(standing.target.repository), "its configuration")
    read = read_bento if kind is BENTO else read_model
    return Documents(standing, read(standing.fetched.content, content, what, limits))


def versions_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Those of the tags that are versions of an item, sorted."""
    return tuple(sorted(tag for tag in tags if _is_version(tag)))


def newest_of(store: ArtifactStore, name: Target, versions: Iterable[str], kind: ItemKind) -> Standing | None:
    """The one of these versions that was made last: what `latest` is where nothing is tagged so."""
    targets = [Target(name.place, name.name, one) for one in versions]
    found = [one for target in targets if (one := find_of_kind(store, target, kind))]
    return max(found, key=age_of, default=None)


def age_of(one: Standing) -> tuple[datetime, str]:
    """By which items sort as they were made; those that tell no time stand before all others."""
    return (one.facts.created if one.facts else _BEFORE_ALL, str(one.target))


def _fetch(store: ArtifactStore, target: Target) -> FetchedManifest | None:
    try:
        return store.get_manifest(target.repository, target.asked)
    except NotInRegistry:
        return None


def _standing(fetched: FetchedManifest, target: Target) -> Standing:
    with refusing(f"`{target}`"):
        facts = parse_facts(Manifest.parse(fetched.content, "its manifest").annotations)
    if facts and not _is_called(target, facts.tag):
        raise RemoteError(
            f"`{target}` holds `{facts.tag}`",
            hint="somebody has tagged it anew, or the remote is not to be trusted; name it by its digest",
        )
    return Standing(target, fetched, facts)


def _choose(store: ArtifactStore, target: Target, kind: ItemKind, versions: tuple[str, ...]) -> Target | None:
    if not versions:
        return None
    if target.version is None:
        newest = newest_of(store, target, versions, kind)
        return newest.target if newest else None
    try:
        version = choose_by_prefix(target.tag, [one for one in versions if one.startswith(target.version)])
    except AmbiguousTag as error:
        raise AmbiguousTag(str(target), error.candidates) from error
    return Target(target.place, target.name, version) if version else None


def _require_kind(fetched: FetchedManifest, kind: ItemKind, what: str) -> None:
    found = kind_of(fetched.content, what)
    if found == _OWN[kind.noun]:
        return
    hint = f"keep {kind.noun}s apart from other things: `--to HOST/REPO/{kind.key}s`"
    if found in _OWN.values():
        hint = "keep models and Bentos apart: `--to HOST/REPO/models`, or EKIBEN_MODELS_REMOTE for all models"
    raise RemoteError(f"{what} is {_NOUNS[found]} and no {kind.noun}", hint=hint)


def _is_called(target: Target, tag: Tag) -> bool:
    """Whether what was found may be called as it was asked for."""
    return tag.name == target.name and (target.digest is not None or target.version in (None, tag.version))


def _is_version(tag: str) -> bool:
    try:
        return not _OTHERS.fullmatch(tag) and Tag("any", tag).version == tag
    except InvalidTag:
        return False
