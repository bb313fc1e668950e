"""Versions that stay and a `latest` that goes forward, with rivals at the worst instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import NotInRegistry, RemoteError, VersionTaken
from ekiben.oci.artifact_store import ANYTHING, ArtifactStore, FetchedManifest, Replaced
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import JoinedSource
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import OCI_CONFIG
from ekiben.store.archive.formats import MODEL
from ekiben.store.model_manifest import ModelManifest
from ekiben.store.remote.artifacts.artifact import ItemFacts
from ekiben.store.remote.artifacts.modelpack import write_model
from ekiben.store.remote.documents import Standing, find_standing, require_standing, versions_of
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.object_store.store import ObjectStore
from ekiben.store.remote.remotes import Place, Target
from ekiben.store.remote.tagging import move_latest, put_version, require_same
from ekiben.tag import Tag


class Rivalled:
    """A store in which something happens right before the next manifest is put."""

    def __init__(self, store: ObjectStore, rival: Callable[[], object]) -> None:
        self._store = store
        self._rivals = [rival]

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def push_manifest(
        self,
        repository: str,
        content: bytes,
        media_type: str,
        version: str | None = None,
        replaces: Replaced = ANYTHING,
    ) -> Descriptor:
        """After the rival has acted."""
        if self._rivals:
            self._rivals.pop()()
        return self._store.push_manifest(repository, content, media_type, version, replaces)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """A folder as a remote."""
    return open_object_store((tmp_path / "remote").as_uri(), {})


def model(store: ArtifactStore, version: str, content: str, day: int = 1) -> Standing:
    """A model without files whose blobs are there, made on that day."""
    tag = Tag("iris", version)
    facts = ItemFacts(tag, Digest.of_bytes(content.encode()), datetime(2026, 3, day, tzinfo=UTC), 0)
    artifact = write_model(facts, ModelManifest("iris", labels={"content": content}), [])
    store.push_blobs("iris", [artifact.config], JoinedSource({artifact.config.digest: artifact.config_content}))
    target = Target.of(Place(store.host), tag)
    return Standing(target, FetchedManifest(artifact.descriptor, artifact.content), facts)


def latest(store: ArtifactStore) -> str:
    """Which version it is."""
    found = require_standing(store, Target(Place(store.host), "iris"), MODEL)
    assert found.facts
    return str(found.facts.tag.version)


def test_a_rival_with_the_same_content_is_no_trouble(store: ObjectStore) -> None:
    theirs, ours = model(store, "v1", "same", day=1), model(store, "v1", "same", day=2)
    rivalled = Rivalled(store, lambda: put_version(store, theirs, MODEL))
    standing = put_version(rivalled, ours, MODEL)  # type: ignore[arg-type]
    assert standing.fetched.descriptor == theirs.fetched.descriptor


def test_a_rival_with_other_content_is_told_and_stays(store: ObjectStore) -> None:
    theirs, ours = model(store, "v1", "theirs"), model(store, "v1", "ours")
    rivalled = Rivalled(store, lambda: put_version(store, theirs, MODEL))
    with pytest.raises(VersionTaken):
        put_version(rivalled, ours, MODEL)  # type: ignore[arg-type]
    standing = find_standing(store, ours.target, MODEL)
    assert standing
    assert standing.facts == theirs.facts


@pytest.mark.parametrize(("days", "expected"), [((1, 2), "v2"), ((2, 1), "v1")])
def test_latest_is_what_was_made_later_whoever_comes_last(
    store: ObjectStore, days: tuple[int, int], expected: str
) -> None:
    theirs, ours = model(store, "v1", "theirs", days[0]), model(store, "v2", "ours", days[1])
    for one in (theirs, ours):
        put_version(store, one, MODEL)
    rivalled = Rivalled(store, lambda: move_latest(store, theirs, MODEL, force=False))
    move_latest(rivalled, ours, MODEL, force=False)  # type: ignore[arg-type]
    assert latest(store) == expected


def test_force_takes_latest_back_and_a_deleted_latest_is_the_newest_of_the_rest(store: ObjectStore) -> None:
    old, new = model(store, "v1", "old", 1), model(store, "v2", "new", 2)
    for one in (old, new):
        put_version(store, one, MODEL)
        move_latest(store, one, MODEL, force=False)
    assert move_latest(store, old, MODEL, force=False).facts == new.facts
    move_latest(store, old, MODEL, force=True)
    assert latest(store) == "v1"
    store.delete_manifest("iris", "latest")
    assert latest(store) == "v2"


def test_a_version_that_holds_another_item_is_refused(store: ObjectStore) -> None:
    one = model(store, "v1", "one")
    store.push_manifest("iris", one.fetched.content, one.fetched.descriptor.media_type, "v2")
    with pytest.raises(RemoteError, match="holds `iris:v1`"):
        find_standing(store, Target(Place(store.host), "iris", "v2"), MODEL)


def test_what_is_not_there_is_not_found_and_not_the_same(store: ObjectStore) -> None:
    one = model(store, "v1", "one")
    assert not require_same(None, one.facts)
    assert find_standing(store, one.target, MODEL) is None
    with pytest.raises(NotInRegistry, match="there is no model"):
        require_standing(store, one.target, MODEL)


def test_tags_that_are_no_versions_are_passed_over() -> None:
    referrers = f"sha256-{'0' * 64}"
    tags = ["v2", "latest", referrers, f"{referrers}.sig", "v1", "v1.mountable", "Upper"]
    assert versions_of(tags) == ("v1", "v2")


def test_an_image_in_the_place_of_a_model_is_told_with_a_place_for_models(store: ObjectStore) -> None:
    config = Descriptor.of_bytes(b"{}", OCI_CONFIG)
    store.push_blobs("iris", [config], JoinedSource({config.digest: b"{}"}))
    image = Manifest(config, ())
    store.push_manifest("iris", image.to_bytes(), image.media_type, "latest")
    with pytest.raises(RemoteError, match="is an image and no model") as caught:
        find_standing(store, Target(Place(store.host), "iris"), MODEL)
    assert "`--to HOST/REPO/models`" in str(caught.value.hint)
