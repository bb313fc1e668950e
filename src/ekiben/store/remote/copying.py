"""Items from one remote to another without a store in between: streamed, and mounted where both are one registry."""

from __future__ import annotations

from dataclasses import replace

from ekiben.oci.manifest import Manifest
from ekiben.report import Reporter
from ekiben.store.archive.formats import ItemKind
from ekiben.store.remote.artifacts.refusals import refusing
from ekiben.store.remote.attaching import copy_attached
from ekiben.store.remote.documents import Standing, find_standing, require_standing
from ekiben.store.remote.pushing import PushReport, push_all
from ekiben.store.remote.remotes import Place, Remotes, Target
from ekiben.store.remote.tagging import move_latest, put_version, require_same


def copy_item(
    source: Target, place: Place, kind: ItemKind, *, remotes: Remotes, reporter: Reporter, force: bool = False
) -> PushReport:
    """Brings the item `source`, and what refers to it, to another place under the same name and version; `latest`
    moves there as by a push. Raises NotInRegistry, VersionTaken, RemoteError."""
    here, there = remotes.open(source.place), remotes.open(place)
    found = require_standing(here, source, kind)
    new = _moved(found, place)
    standing, pushed = find_standing(there, new.target, kind), None
    if not require_same(standing, new.facts, new.fetched.descriptor.digest):
        find_standing(there, Target(place, new.target.name), kind)  # the name is of one kind
        with refusing(f"`{source}`"):
            manifest = Manifest.parse(found.fetched.content, "its manifest")
        blobs = (*manifest.layers, manifest.config)
        repository = found.target.repository
        mounts = {one.digest: [repository] for one in blobs} if place.base == source.place.base else {}
        pushed = push_all(blobs, here.source(repository), new.target, there, mounts, reporter)
        standing = put_version(there, new, kind)
    assert standing is not None, "it is there, or was just put there"
    if standing.fetched.descriptor.digest == found.fetched.descriptor.digest:
        copy_attached(found, here, standing, there)
    latest = move_latest(there, standing, kind, force=force)
    return PushReport(standing, latest, pushed or (), was_there=pushed is None)


def _moved(found: Standing, place: Place) -> Standing:
    """The same under the version that it is made for; one that another tool made keeps the one it was asked for by."""
    version = found.facts.tag.version if found.facts else found.target.version
    return replace(found, target=Target(place, found.target.name, version or _by_digest(found)))


def _by_digest(found: Standing) -> str:
    return found.fetched.descriptor.digest.short_version
