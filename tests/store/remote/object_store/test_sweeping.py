"""What no version leads to goes, and nothing that a push needs, however the two meet."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest

from ekiben.errors import RemoteError
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_INDEX
from ekiben.store.remote.object_store.condemned import Condemned
from ekiben.store.remote.object_store.layout import blob_key, manifest_key
from ekiben.store.remote.object_store.store import ObjectStore
from ekiben.store.remote.object_store.sweeping import Swept
from tests.store.remote.object_store.artifacts import CONFIG, Artifact

LATER = -3600.0  # a grace time that is over for all that is there, as the real one is after a day


@dataclass(frozen=True, slots=True)
class Box:
    """A store with what is kept and what is not."""

    store: ObjectStore
    kept: Artifact = field(default_factory=lambda: Artifact.of(1))
    gone: Artifact = field(default_factory=lambda: Artifact.of(2))

    def has(self, artifact: Artifact) -> bool:
        """Whether all of it is there."""
        return all(self.store.objects.stat(blob_key(one.digest)) for one in artifact.blobs)


@pytest.fixture
def box(object_store: ObjectStore) -> Box:
    """One whose second version was deleted."""
    made = Box(object_store)
    made.kept.push(object_store, tag="kept")
    made.gone.push(object_store, tag="gone")
    object_store.delete_manifest("a", str(made.gone.descriptor.digest))
    return made


def test_what_no_version_leads_to_goes_with_the_second_sweep(box: Box) -> None:
    (key,) = [blob_key(one.digest) for one in box.gone.manifest.layers]
    assert box.store.sweep(LATER) == Swept((), 0, (key,))
    assert box.has(box.gone)
    assert box.store.sweep(LATER) == Swept((key,), 1000, ())
    assert box.store.sweep(LATER) == Swept((), 0, ())
    assert box.has(box.kept)


def test_what_is_young_stays(box: Box) -> None:
    for _ in range(2):
        assert box.store.sweep() == Swept((), 0, ())
    assert box.has(box.gone)


def test_a_push_keeps_what_was_condemned_before(box: Box) -> None:
    box.store.sweep(LATER)
    pushed = box.store.push_blobs("a", box.gone.blobs, box.gone.source)
    assert sum(one.sent_bytes for one in pushed.values()) == 0
    assert box.store.sweep(LATER).removed == ()
    assert box.has(box.gone)


def test_a_push_sends_again_what_a_sweep_is_removing(box: Box) -> None:
    (layer,) = box.gone.manifest.layers
    condemned = Condemned(box.store.objects)
    condemned.condemn(blob_key(layer.digest))
    assert condemned.take(blob_key(layer.digest), before_s=0)
    box.store.objects.remove(blob_key(layer.digest))
    condemned.forget(blob_key(layer.digest))
    pushed = box.store.push_blobs("a", box.gone.blobs, box.gone.source)
    assert pushed[layer.digest].sent_bytes == layer.size_bytes


def test_of_a_push_and_a_sweep_that_meet_one_has_it(box: Box) -> None:
    (layer,) = box.gone.manifest.layers
    key, condemned = blob_key(layer.digest), Condemned(box.store.objects)
    condemned.condemn(key)
    condemned.lift(key)
    assert not condemned.take(key, before_s=0)
    condemned.condemn(key)
    assert condemned.take(key, before_s=0)
    assert not condemned.take(key, before_s=0)  # nor does another sweep


def test_a_sweep_that_was_killed_is_done_again_by_the_next(box: Box) -> None:
    (layer,) = box.gone.manifest.layers
    box.store.sweep(LATER)
    assert Condemned(box.store.objects).take(blob_key(layer.digest), before_s=0)
    assert box.store.sweep(LATER).removed == (blob_key(layer.digest),)


def test_a_manifest_that_only_a_deleted_tag_named_goes_and_then_its_blobs(object_store: ObjectStore) -> None:
    artifact = Artifact.of(2)
    artifact.push(object_store, tag="v1")
    object_store.delete_manifest("a", "v1")
    object_store.sweep(LATER)
    assert object_store.sweep(LATER).removed == (manifest_key("a", artifact.descriptor.digest),)
    removed = [key for _ in range(3) for key in object_store.sweep(LATER).removed]
    assert sorted(removed) == sorted(blob_key(one.digest) for one in artifact.blobs)
    assert list(object_store.objects.walk("condemned/")) == []


def test_what_an_index_names_and_what_is_about_it_stays(object_store: ObjectStore) -> None:
    inner, index = Artifact.of(1), Index((Artifact.of(1).descriptor,))
    inner.push(object_store, tag=None)
    top = object_store.push_manifest("a", index.to_bytes(), OCI_INDEX, "both")
    note = Artifact.of(3, subject=top)
    note.push(object_store, tag=None)
    for _ in range(3):
        assert object_store.sweep(LATER) == Swept((), 0, ())
    object_store.delete_manifest("a", str(top.digest))
    removed = [key for _ in range(4) for key in object_store.sweep(LATER).removed]
    assert manifest_key("a", note.descriptor.digest) in removed
    assert blob_key(CONFIG.digest) in removed
    assert object_store.referrers("a", top.digest) == ()


def test_a_manifest_that_cannot_be_read_ends_the_sweep(box: Box) -> None:
    box.store.objects.write(manifest_key("a", CONFIG.digest), b"{}")
    with pytest.raises(RemoteError, match="cannot be read"):
        box.store.sweep(LATER)
    assert box.has(box.gone)


def test_pushes_lose_nothing_to_sweeps_between_them(object_store: ObjectStore) -> None:
    """Each version is deleted and pushed again, with sweeps between that have a grace time of a second."""
    artifacts = [Artifact.of(seed) for seed in range(3)]
    end_s = time.monotonic() + 3
    while time.monotonic() < end_s:
        for number, artifact in enumerate(artifacts):
            artifact.push(object_store, tag=f"v{number}")
            object_store.sweep(1.0)
            for blob in artifact.blobs:
                assert object_store.objects.stat(blob_key(blob.digest))
            object_store.delete_manifest("a", str(artifact.descriptor.digest))
            object_store.sweep(1.0)
