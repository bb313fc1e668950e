"""Versions and `latest` at a remote. A version that is there is never replaced by other content; `latest` moves to what
was made later, unless forced. Where several push at once, each looks again at what it has done."""

from __future__ import annotations

import random
import time
from contextlib import suppress

from ekiben.digest import Digest
from ekiben.errors import ChangedMeanwhile, RemoteError, VersionTaken
from ekiben.oci.artifact_store import ArtifactStore, FetchedManifest
from ekiben.oci.descriptor import Descriptor
from ekiben.store.archive.formats import ItemKind
from ekiben.store.remote.artifacts.artifact import ItemFacts
from ekiben.store.remote.documents import Standing, find_standing
from ekiben.store.remote.remotes import Target
from ekiben.tag import LATEST

_TRIES = 10  # of moving `latest`: each that is lost was won by another who pushes the same name
_PAUSE_S = 0.2  # at most, between two of them


def require_same(standing: Standing | None, facts: ItemFacts | None, manifest: Digest | None = None) -> bool:
    """Whether the version is there with this content: that of `facts`, of one that another tool made that of its
    `manifest`. Raises VersionTaken where it has other content."""
    if standing is None:
        return False
    if facts and standing.facts:
        is_same = standing.facts.digest == facts.digest
    else:
        is_same = standing.fetched.descriptor.digest == manifest
    if not is_same:
        raise VersionTaken(
            str(standing.target), "a pushed version stays what it is: save or build this one under another version"
        )
    return True


def put_version(store: ArtifactStore, new: Standing, kind: ItemKind, replaces: Standing | None = None) -> Standing:
    """Tags a manifest, whose blobs are there, with its version, where `replaces` is what stands there. Gives what
    stands there then: of two who push the same content, one is first. Raises VersionTaken where somebody else has
    pushed other content meanwhile."""
    target, manifest = new.target, new.fetched
    with suppress(ChangedMeanwhile):  # by whom and to what, the next line tells
        before = replaces.fetched.descriptor if replaces else None
        store.push_manifest(target.repository, manifest.content, manifest.descriptor.media_type, target.version, before)
    standing = find_standing(store, target, kind)
    if standing is None or not require_same(standing, new.facts, manifest.descriptor.digest):
        raise RemoteError(f"`{target}` was pushed, and somebody has deleted it meanwhile", hint="push it again")
    return standing


def move_latest(store: ArtifactStore, standing: Standing, kind: ItemKind, *, force: bool) -> Standing:
    """Makes a version the `latest` of its name, unless that was made later; gives what `latest` is then."""
    target = Target(standing.target.place, standing.target.name)
    for _ in range(_TRIES):
        current = find_standing(store, target, kind)
        if current and (_is(current, standing) or (not force and not _is_older(current, standing))):
            return current
        replaces = current.fetched.descriptor if current else None
        if _was_moved(store, target, standing.fetched, replaces):
            continue  # read again: somebody may have done the same in this instant
        time.sleep(random.uniform(0, _PAUSE_S))
    raise RemoteError(f"`{target}` is moved by others all the time", hint="run the same command again")


def _was_moved(store: ArtifactStore, target: Target, manifest: FetchedManifest, replaces: Descriptor | None) -> bool:
    try:
        store.push_manifest(target.repository, manifest.content, manifest.descriptor.media_type, LATEST, replaces)
    except ChangedMeanwhile:
        return False
    return True


def _is(one: Standing, other: Standing) -> bool:
    return one.fetched.descriptor.digest == other.fetched.descriptor.digest


def _is_older(current: Standing, new: Standing) -> bool:
    """One that another tool made tells no time that could be compared, and gives way; so does the same content in
    another manifest."""
    if current.facts is None or new.facts is None or current.facts == new.facts:
        return True
    return (current.facts.created, current.facts.tag) < (new.facts.created, new.facts.tag)
