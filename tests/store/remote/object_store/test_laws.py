"""What holds for every store of artifacts: a registry, a shared folder, buckets."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ChangedMeanwhile, EkibenError, NotInRegistry, RemoteError, WrongBytes
from ekiben.oci.artifact_store import ArtifactStore, Download, Outcome, Part
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import JoinedSource
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_INDEX, OCI_MANIFEST
from tests.oci.registry.talking import Counting, Telling
from tests.store.remote.object_store.artifacts import Artifact, random_blob
from tests.store.remote.object_store.conftest import Somewhere

NOTHING = Digest.of_bytes(b"nobody has this")


def pull(store: ArtifactStore, blob: Descriptor, path: Path, part: Part | None = None) -> bytes:
    """The blob as it comes."""
    store.save_blobs("a", [Download(blob, path, part)])
    return path.read_bytes()


def test_what_was_pushed_is_pulled_byte_for_byte(store: ArtifactStore, tmp_path: Path) -> None:
    artifact = Artifact.of(1, (0, 1, 70_000, 5_000_000))
    artifact.push(store)
    fetched = store.get_manifest("a", "v1")
    assert (fetched.content, fetched.descriptor) == (artifact.content, artifact.descriptor)
    downloads = [Download(one, tmp_path / one.digest.hex) for one in artifact.blobs]
    store.save_blobs("a", downloads)
    assert {one.path.read_bytes() for one in downloads} == set(artifact.contents.values())


def test_a_blob_is_sent_once(store: ArtifactStore) -> None:
    blob, content = random_blob(100_000, 1)
    source = JoinedSource({blob.digest: content})
    first = store.push_blobs("a", [blob], source)[blob.digest]
    again = store.push_blobs("a", [blob], source)[blob.digest]
    assert (first.outcome, first.sent_bytes) == (Outcome.SENT, 100_000)
    assert (again.outcome, again.sent_bytes) == (Outcome.PRESENT, 0)


def test_a_blob_of_another_repository_is_not_sent_again(store: ArtifactStore, tmp_path: Path) -> None:
    artifact = Artifact.of(1, (100_000,))
    artifact.push(store, "one/two")
    mounts = {blob.digest: ["one/two"] for blob in artifact.blobs}
    pushed = store.push_blobs("a", artifact.blobs, JoinedSource(), mounts)
    assert {one.outcome for one in pushed.values()} <= {Outcome.PRESENT, Outcome.MOUNTED}
    (layer,) = artifact.manifest.layers
    assert pull(store, layer, tmp_path / "blob") == artifact.contents[layer.digest]


def test_content_that_is_not_the_blob_is_never_a_blob_there(store: ArtifactStore, tmp_path: Path) -> None:
    blob, content = random_blob(100_000, 1)
    for wrong in (content[:-1] + b"!", content[:-1]):
        with pytest.raises(EkibenError):
            store.push_blobs("a", [blob], JoinedSource({blob.digest: wrong}))
        with pytest.raises(NotInRegistry):
            pull(store, blob, tmp_path / "blob")
    store.push_blobs("a", [blob], JoinedSource({blob.digest: content}))
    assert pull(store, blob, tmp_path / "blob") == content


def test_a_pull_goes_on_behind_what_is_there(store: ArtifactStore, tmp_path: Path) -> None:
    artifact, path = Artifact.of(1, (300_000,)), tmp_path / "blob"
    artifact.push(store)
    (layer,) = artifact.manifest.layers
    path.write_bytes(artifact.contents[layer.digest][:123_456])
    assert pull(store, layer, path) == artifact.contents[layer.digest]


@pytest.mark.parametrize("left", [b"damaged" * 1000, b"x" * 400_000])
def test_what_is_there_and_wrong_is_fetched_anew(store: ArtifactStore, tmp_path: Path, left: bytes) -> None:
    artifact, path = Artifact.of(1, (300_000,)), tmp_path / "blob"
    artifact.push(store)
    (layer,) = artifact.manifest.layers
    path.write_bytes(left)
    assert pull(store, layer, path) == artifact.contents[layer.digest]


def test_a_part_of_a_blob_is_that_alone(store: ArtifactStore, tmp_path: Path) -> None:
    artifact, path = Artifact.of(1, (300_000,)), tmp_path / "part"
    artifact.push(store)
    (layer,) = artifact.manifest.layers
    wanted = artifact.contents[layer.digest][512:200_512]
    path.write_bytes(wanted[:1000])
    part = Part(512, 200_000, Digest.of_bytes(wanted))
    assert pull(store, layer, path, part) == wanted


@pytest.mark.parametrize("part", [Part(512, 1000, NOTHING), Part(299_999, 2, NOTHING)])
def test_a_part_that_is_not_there_is_refused(store: ArtifactStore, tmp_path: Path, part: Part) -> None:
    artifact, path = Artifact.of(1, (300_000,)), tmp_path / "part"
    artifact.push(store)
    with pytest.raises(WrongBytes):
        pull(store, artifact.manifest.layers[0], path, part)
    assert not path.exists() or not path.stat().st_size


def test_progress_is_told_of_every_byte_once(store: ArtifactStore, tmp_path: Path) -> None:
    artifact, up, down = Artifact.of(1, (300_000, 5_000_000)), Counting(), Counting()
    store.push_blobs("a", artifact.blobs, artifact.source, reporter=Telling(up))
    downloads = [Download(one, tmp_path / one.digest.hex) for one in artifact.blobs]
    store.save_blobs("a", downloads, Telling(down))
    assert up.done == down.done == sum(one.size_bytes for one in artifact.blobs)


def test_a_stream_of_a_blob_is_its_bytes(store: ArtifactStore) -> None:
    artifact = Artifact.of(1, (5_000_000,))
    artifact.push(store)
    (layer,) = artifact.manifest.layers
    with store.source("a").open(layer.digest) as stream:
        assert stream.read() == artifact.contents[layer.digest]


def test_what_is_not_there_is_said_to_be_missing(store: ArtifactStore, tmp_path: Path) -> None:
    blob = Descriptor("application/octet-stream", NOTHING, 5)
    Artifact.of(1).push(store)
    assert store.head_manifest("a", "v2") is None
    assert store.head_manifest("b", "v1") is None
    assert store.head_manifest("a", str(NOTHING)) is None
    assert list(store.tags("b")) == []
    assert store.referrers("a", NOTHING) == ()
    for work in (
        lambda: store.get_manifest("a", "v2"),
        lambda: store.delete_manifest("a", "v2"),
        lambda: store.delete_manifest("a", str(NOTHING)),
        lambda: store.source("a").open(NOTHING).read(),
        lambda: store.save_blobs("a", [Download(blob, tmp_path / "blob")]),
    ):
        with pytest.raises(NotInRegistry):
            work()


def test_a_manifest_is_found_by_tag_and_by_digest(store: ArtifactStore) -> None:
    artifact = Artifact.of(1)
    pushed = artifact.push(store)
    assert pushed == artifact.descriptor
    assert store.head_manifest("a", "v1") == store.head_manifest("a", str(pushed.digest)) == pushed


def test_a_manifest_whose_blobs_are_not_there_is_refused(store: ArtifactStore) -> None:
    artifact = Artifact.of(1)
    with pytest.raises(RemoteError):
        store.push_manifest("a", artifact.content, OCI_MANIFEST, "v1")
    assert store.head_manifest("a", "v1") is None


def test_an_index_is_kept_as_one(store: ArtifactStore) -> None:
    pushed = Artifact.of(1).push(store, tag=None)
    content = Index((pushed,)).to_bytes()
    store.push_manifest("a", content, OCI_INDEX, "both")
    assert store.get_manifest("a", "both").descriptor.media_type == OCI_INDEX


def test_tags_and_repositories_are_listed(store: ArtifactStore) -> None:
    for repository in ("team/iris", "team/iris/tiny", "team-two/iris", "lone"):
        for tag in ("v1", "latest", "2026.1_rc-3"):
            Artifact.of(1).push(store, repository, tag)
    assert sorted(store.tags("team/iris")) == ["2026.1_rc-3", "latest", "v1"]
    assert sorted(store.repositories()) == ["lone", "team-two/iris", "team/iris", "team/iris/tiny"]
    assert sorted(store.repositories("team/")) == ["team/iris", "team/iris/tiny"]


def test_a_tag_moves_from_what_it_was_read_to_name_alone(store: ArtifactStore) -> None:
    one, two, three = (Artifact.of(seed) for seed in (1, 2, 3))
    first = one.push(store)
    two.push(store, tag=None)
    three.push(store, tag=None)
    for wrong in (None, two.descriptor):
        with pytest.raises(ChangedMeanwhile):
            store.push_manifest("a", three.content, OCI_MANIFEST, "v1", wrong)
    store.push_manifest("a", two.content, OCI_MANIFEST, "v1", first)
    assert store.head_manifest("a", "v1") == two.descriptor
    store.push_manifest("a", three.content, OCI_MANIFEST, "v1")
    store.push_manifest("a", three.content, OCI_MANIFEST, "new", None)
    assert store.head_manifest("a", "v1") == store.head_manifest("a", "new") == three.descriptor


def test_referrers_are_found_by_their_subject(store: ArtifactStore) -> None:
    subject = Artifact.of(1).push(store)
    notes = [Artifact.of(seed, subject=subject) for seed in (2, 3)]
    for note in notes:
        note.push(store, tag=None)
    found = store.referrers("a", subject.digest, "application/vnd.test.note")
    assert {one.digest for one in found} == {one.descriptor.digest for one in notes}
    assert {one.annotations["seed"] for one in found} == {"2", "3"}
    assert store.referrers("a", subject.digest, "application/vnd.test.other") == ()
    store.delete_manifest("a", str(notes[0].descriptor.digest))
    assert [one.digest for one in store.referrers("a", subject.digest)] == [notes[1].descriptor.digest]


def test_a_deleted_version_is_gone_with_its_tags(store: ArtifactStore) -> None:
    kept, gone = Artifact.of(1), Artifact.of(2)
    kept.push(store, tag="kept")
    gone.push(store, tag="v1")
    gone.push(store, tag="v2")
    store.delete_manifest("a", str(gone.descriptor.digest))
    assert list(store.tags("a")) == ["kept"]
    assert store.head_manifest("a", str(gone.descriptor.digest)) is None
    assert store.head_manifest("a", "kept") == kept.descriptor


def test_several_who_push_the_same_at_once_all_succeed(unregistered: Somewhere, tmp_path: Path) -> None:
    """Of docker-registry 2.8 too much is asked: it writes its links in place, and refuses a manifest in the instant in
    which another process sends the same blob."""
    artifact, begin = Artifact.of(1, (1_000_000, 6_000_000)), threading.Barrier(4)

    def push(store: ArtifactStore) -> Descriptor:
        begin.wait()
        return artifact.push(store)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(push, [unregistered.open() for _ in range(4)])) == [artifact.descriptor] * 4
    for layer in artifact.manifest.layers:
        assert pull(unregistered.open(), layer, tmp_path / layer.digest.hex) == artifact.contents[layer.digest]


def test_a_stream_that_fails_is_the_error(store: ArtifactStore) -> None:
    class Failing(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise OSError("the disk is gone")

    class Source:
        def open(self, digest: Digest) -> io.BufferedReader:
            return io.BufferedReader(Failing())

    blob, _ = random_blob(100_000, 1)
    with pytest.raises(RemoteError, match="the disk is gone"):
        store.push_blobs("a", [blob], Source())
