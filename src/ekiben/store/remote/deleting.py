"""Versions taken away from a remote; `latest` goes back to what was made last of the others."""

from __future__ import annotations

from ekiben.errors import NotInRegistry
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.store.archive.formats import ItemKind
from ekiben.store.remote.documents import find_standing, newest_of, require_standing, versions_of
from ekiben.store.remote.remotes import Place, Target
from ekiben.store.remote.tagging import move_latest
from ekiben.tag import LATEST, Tag


def find_versions(store: ArtifactStore, place: Place, kind: ItemKind, asked: str) -> list[Target]:
    """What deleting `asked` would take: a whole `name:version`, `name:latest`, or every version of a name.

    Raises NotInRegistry, with what there is, where a version is not whole.
    """
    tag = Tag.parse(asked)
    target = Target.of(place, tag)
    if ":" not in asked:
        versions = versions_of(store.tags(target.repository))
        if versions:
            return [Target(place, tag.name, one) for one in versions]
    found = require_standing(store, target, kind)
    exact = found.facts.tag if found.facts else found.target.tag
    if tag.version not in (None, exact.version):
        raise NotInRegistry(
            f"`{target}` is not there", hint=f"deleting takes the whole version; did you mean `{exact}`?"
        )
    return [Target.of(place, exact)]


def delete_version(store: ArtifactStore, target: Target, kind: ItemKind) -> None:
    """Takes one version away. Raises NotInRegistry, and RemoteError where the remote does not delete."""
    standing = find_standing(store, target, kind)
    if standing is None:
        raise NotInRegistry(f"there is no {kind.noun} `{target}`")
    latest = find_standing(store, Target(target.place, target.name), kind)
    store.delete_manifest(target.repository, target.asked)
    if latest is None or latest.fetched.descriptor.digest == standing.fetched.descriptor.digest:
        _repair_latest(store, target, kind)


def _repair_latest(store: ArtifactStore, target: Target, kind: ItemKind) -> None:
    """Registries that delete manifests take every tag along; others leave `latest` at what is gone."""
    name = Target(target.place, target.name)
    if newest := newest_of(store, name, versions_of(store.tags(target.repository)), kind):
        move_latest(store, newest, kind, force=True)
    elif find_standing(store, name, kind):
        store.delete_manifest(target.repository, LATEST)
