"""`sweep`: removes what no version leads to, while others push; see `condemned` for how that is safe.

A manifest stays that a tag names, that an index which stays names, or that is about one which stays. A blob stays that
any manifest names which is there. What is younger than the grace time stays in any case, so a first sweep only condemns
what a later one removes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from ekiben.digest import Digest
from ekiben.errors import ImageError, RemoteError
from ekiben.oci.index import Index
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.manifest import Manifest
from ekiben.oci.parallel import run_all
from ekiben.store.remote.object_store.condemned import Condemned
from ekiben.store.remote.object_store.documents import AT_ONCE, Documents, parse_document
from ekiben.store.remote.object_store.layout import (
    BLOBS,
    REPOSITORIES,
    UPLOADS,
    blob_key,
    digest_of,
    manifest_key,
    repository_of,
)
from ekiben.store.remote.object_store.objects import Objects, Stat


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep has done: the keys that are gone, and those that are condemned now."""

    removed: tuple[str, ...]
    removed_bytes: int
    condemned: tuple[str, ...]


def repositories(objects: Objects, beginning: str = "") -> Iterator[str]:
    """The repositories that have a manifest, by name."""
    last = ""
    for found in objects.walk(f"{REPOSITORIES}{beginning}"):
        repository = repository_of(found.key)
        if repository and repository != last:
            last = repository
            yield repository


def sweep(objects: Objects, grace_s: float) -> Swept:
    """Removes what was condemned `grace_s` seconds ago, and condemns what nothing leads to now.

    A push has to take less time than that. Raises RemoteError for a manifest that cannot be read: it may name
    anything.
    """
    marks = {mark.key: mark.changed_s for mark in Condemned(objects).keys("")}
    before_s = _now_s(objects) - grace_s  # before the manifests are read: what is pushed from now on is not in question
    there = [*objects.walk(BLOBS), *(one for one in objects.walk(REPOSITORIES) if repository_of(one.key))]
    needed = _needed(objects)
    unneeded = {one.key: one for one in there if digest_of(one.key) and one.key not in needed}
    objects.sweep_uploads(before_s)
    _forget(objects, [key for key in marks if key not in unneeded])
    due = [one for key, one in unneeded.items() if marks.get(key, before_s) < before_s]
    removed = [one for one in due if _removed(objects, one, before_s)]
    gone = {one.key for one in removed}
    left = [one.key for key, one in unneeded.items() if key not in gone and one.changed_s < before_s]
    for key in left:
        _condemn(objects, key, marks.get(key), before_s)
    return Swept(tuple(sorted(gone)), sum(one.size_bytes for one in removed), tuple(left))


def _removed(objects: Objects, found: Stat, before_s: float) -> bool:
    """Whether it is gone; not where a push has found it meanwhile."""
    condemned = Condemned(objects)
    if not condemned.take(found.key, before_s):
        return False
    repository, digest = repository_of(found.key), digest_of(found.key)
    if repository and digest:
        content = objects.read(found.key, MAX_BYTES)
        Documents(objects, repository).remove(digest, content.content if content else b"")
    else:
        objects.remove(found.key)
    condemned.forget(found.key)
    return True


def _condemn(objects: Objects, key: str, marked_s: float | None, before_s: float) -> None:
    """Marks it, unless it is marked, or a push has found it within the grace time."""
    condemned = Condemned(objects)
    if marked_s is None or (marked_s < before_s and condemned.is_lifted(key)):
        condemned.condemn(key)


def _forget(objects: Objects, keys: Iterable[str]) -> None:
    """Removes marks on what is needed again, or not there."""
    for key in keys:
        Condemned(objects).forget(key)


def _needed(objects: Objects) -> frozenset[str]:
    """The keys of what stays."""
    needed = set[str]()
    for repository in repositories(objects):
        documents = Documents(objects, repository)
        read = _read_all(documents)
        tagged = {digest for tag in documents.tags() if (digest := documents.tagged(tag))}
        needed |= {manifest_key(repository, digest) for digest in _kept(read, tagged)}
        for document in read.values():
            if isinstance(document, Manifest):
                needed |= {blob_key(one.digest) for one in (document.config, *document.layers)}
    return frozenset(needed)


def _kept(documents: Mapping[Digest, Manifest | Index], tagged: Iterable[Digest]) -> frozenset[Digest]:
    """The documents that tags lead to, and those about them."""
    kept, pending = set[Digest](), [digest for digest in tagged if digest in documents]
    about: dict[Digest, list[Digest]] = {}
    for digest, document in documents.items():
        if document.subject:
            about.setdefault(document.subject.digest, []).append(digest)
    while pending:
        digest = pending.pop()
        if digest in kept or digest not in documents:
            continue
        kept.add(digest)
        pending += about.get(digest, ())
        document = documents[digest]
        if isinstance(document, Index):
            pending += [one.digest for one in document.manifests]
    return frozenset(kept)


def _read_all(documents: Documents) -> dict[Digest, Manifest | Index]:
    digests = list(documents.digests())
    found = run_all([partial(_read, documents, digest) for digest in digests], AT_ONCE, lambda: None)
    return {digest: one for digest, one in zip(digests, found, strict=True) if one}


def _read(documents: Documents, digest: Digest) -> Manifest | Index | None:
    try:
        found = documents.find(str(digest))
        return parse_document(found.content) if found else None
    except ImageError as error:
        text = f"a manifest in `{documents.repository}` cannot be read: {error.message}"
        raise RemoteError(text, hint=f"delete `{documents.repository}@{digest}` there first") from error


def _now_s(objects: Objects) -> float:
    """The time by the clock of the place, which all times there are of."""
    key = f"{UPLOADS}{os.urandom(8).hex()}"
    objects.write(key, b"\n")
    found = objects.stat(key)
    objects.remove(key)
    if found is None:
        raise RemoteError(f"`{objects.name}` does not keep what is written there")
    return found.changed_s
