"""What there is at a remote, by manifests and configurations alone, several fetched at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from ekiben.errors import RemoteError
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.parallel import run_all
from ekiben.report import Reporter
from ekiben.store.archive.formats import ItemKind
from ekiben.store.remote.documents import Documents, age_of, find_of_kind, read_documents, versions_of
from ekiben.store.remote.remotes import Place, Target
from ekiben.tag import Tag

T = TypeVar("T")

_AT_ONCE = 8  # requests: each waits for its answer and moves a few kilobytes


def list_remote(
    store: ArtifactStore, place: Place, kind: ItemKind, asked: Tag | None, reporter: Reporter
) -> list[Documents]:
    """The items of a kind at a place, or those that `asked` may mean, newest first; those without a time of their own
    at the end. One that cannot be read is left out with a warning. Raises RemoteError where nothing can be listed: an
    empty list says that there is nothing."""
    if asked:
        targets = _versions(store, Target(place, asked.name), asked.version or "")
    else:
        jobs = [partial(_all_versions, store, Target(place, name), reporter) for name in _names(store, place)]
        targets = [target for found in _at_once(jobs) for target in found]
    read = _at_once([partial(_read, store, target, kind, reporter) for target in targets])
    return sorted((one for one in read if one), key=lambda one: age_of(one.standing), reverse=True)


def _names(store: ArtifactStore, place: Place) -> list[str]:
    beginning = f"{place.prefix}/" if place.prefix else ""
    return sorted(name for one in store.repositories(beginning) if (name := place.name_of(one)))


def _versions(store: ArtifactStore, name: Target, beginning: str) -> list[Target]:
    versions = versions_of(store.tags(name.repository))
    return [Target(name.place, name.name, one) for one in versions if one.startswith(beginning)]


def _all_versions(store: ArtifactStore, name: Target, reporter: Reporter) -> list[Target]:
    try:
        return _versions(store, name, "")
    except RemoteError as error:
        reporter.warn(f"all of `{name.place}/{name.name}` is left out: {error}", error.hint)
        return []


def _read(store: ArtifactStore, target: Target, kind: ItemKind, reporter: Reporter) -> Documents | None:
    try:
        standing = find_of_kind(store, target, kind)
        return read_documents(store, standing, kind) if standing else None
    except RemoteError as error:
        reporter.warn(f"`{target}` is left out: {error}", error.hint)
        return None


def _at_once(jobs: Iterable[Callable[[], T]]) -> Sequence[T]:
    return run_all(jobs, _AT_ONCE, lambda: None)
