"""Processes that push and pull at once, and that are killed in the middle, for real."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.object_store.parts import PART_BYTES
from tests.store.remote.object_store.artifacts import random_blob
from tests.store.remote.object_store.conftest import Somewhere, place_of
from tests.store.remote.object_store.processes import LARGE, SIZES, finish, numbered, start
from tests.store.remote.object_store.servers import BucketServer

KILLS = {"folder": 8, "s3": 3}  # s3fs alone takes a second to import
PROCESSES = {"folder": 8, "s3": 4}
TOGETHER = sum(SIZES)


@pytest.fixture(params=["folder", "s3"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Somewhere:
    """A place that outlives processes."""
    return next(place_of(request.param, request, tmp_path))


def lasts_s(place: Somewhere, role: str, *arguments: str) -> float:
    """How long a child's work takes that nobody kills."""
    with start(role, place.url, place.options, *arguments) as child:
        assert child.stdout is not None
        child.stdout.readline()
        begun_s = time.monotonic()
        finish(child)
        return time.monotonic() - begun_s


def kill_after(seconds: float, place: Somewhere, role: str, *arguments: str) -> None:
    """Starts a child's work and kills it."""
    with start(role, place.url, place.options, *arguments) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        time.sleep(seconds)
        child.kill()


def assert_nothing_is_half_there(store: ArtifactStore) -> None:
    """What has a name is what the name says."""
    for tag in store.tags("a"):
        artifact = numbered(int(tag.removeprefix("v")))
        assert store.get_manifest("a", tag).content == artifact.content
        for blob in artifact.blobs:
            with store.source("a").open(blob.digest) as stream:
                assert Digest.of_bytes(stream.read()) == blob.digest


def test_a_push_killed_at_any_instant_leaves_nothing_half_there_and_goes_on(shared: Somewhere) -> None:
    store, instants = open_object_store(shared.url, shared.options), random.Random(1)
    whole_s = lasts_s(shared, "push", "0")
    for number in range(1, KILLS[shared.kind] + 1):
        kill_after(instants.uniform(0, whole_s), shared, "push", str(number))
        assert_nothing_is_half_there(store)
        lasts_s(shared, "push", str(number))
        assert f"v{number}" in store.tags("a")
    assert_nothing_is_half_there(store)


def test_a_pull_killed_at_any_instant_goes_on(shared: Somewhere, tmp_path: Path) -> None:
    instants = random.Random(2)
    lasts_s(shared, "push", "0")
    (tmp_path / "whole").mkdir()
    whole_s = lasts_s(shared, "pull", "0", str(tmp_path / "whole"))
    for number in range(KILLS[shared.kind]):
        folder = tmp_path / str(number)
        folder.mkdir()
        kill_after(instants.uniform(0, whole_s), shared, "pull", "0", str(folder))
        lasts_s(shared, "pull", "0", str(folder))
        assert {Digest.of_file(path) for path in folder.iterdir()} == {
            one.digest for one in numbered(0).manifest.layers
        }


def test_many_push_and_pull_the_same_at_once_while_others_are_killed(shared: Somewhere, tmp_path: Path) -> None:
    instants = random.Random(3)
    children = [
        start("crowd", shared.url, shared.options, str(one), str(tmp_path)) for one in range(PROCESSES[shared.kind])
    ]
    for number in range(KILLS[shared.kind]):
        kill_after(instants.uniform(0, 0.3), shared, "push", str(number % 4))
    for child in children:
        with child:
            finish(child)
    store = open_object_store(shared.url, shared.options)
    assert sorted(store.tags("a")) == ["v0", "v1", "v2", "v3"]
    assert_nothing_is_half_there(store)


@pytest.mark.parametrize("kind", ["s3", "google"])
def test_a_killed_push_to_a_bucket_sends_the_parts_that_are_missing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = next(place_of(kind, request, tmp_path))
    server: BucketServer = request.getfixturevalue(f"{kind}_server")
    before = server.uploaded_bytes()
    with start("push_parts", place.url, place.options, str(3 * PART_BYTES)) as child:
        while server.uploaded_bytes() - before < 3 * PART_BYTES:
            assert child.poll() is None
            time.sleep(0.02)
        child.kill()
    with start("push_parts", place.url, place.options, str(LARGE + 1)) as child:
        assert int(finish(child)) == LARGE - 3 * PART_BYTES
    blob, content = random_blob(LARGE, 70)
    with open_object_store(place.url, place.options).source("a").open(blob.digest) as stream:
        assert stream.read() == content
    assert server.uploaded_bytes() - before <= LARGE


def test_a_killed_push_to_a_folder_is_gone_on_with_where_it_was(tmp_path: Path) -> None:
    artifact = numbered(1)
    (blob,) = [one for one in artifact.blobs if one.size_bytes == max(SIZES)]
    part = tmp_path / "shared/uploads" / f"blobs.sha256.{blob.digest.hex}"
    part.parent.mkdir(parents=True)
    part.write_bytes(artifact.contents[blob.digest][:5_000_000])
    with start("push", f"file://{tmp_path}/shared", {}, "1") as child:
        sent_bytes = int(finish(child))
    assert TOGETHER + 2 - 5_000_000 <= sent_bytes <= TOGETHER + 2 - 5_000_000 + 1024 * 1024


@pytest.mark.parametrize("damaged", [slice(3_000_000, 3_000_001), slice(0, 0)])
def test_a_damaged_rest_of_a_push_is_written_anew_from_there(tmp_path: Path, damaged: slice) -> None:
    artifact = numbered(1)
    (blob,) = [one for one in artifact.blobs if one.size_bytes == max(SIZES)]
    part = tmp_path / "shared/uploads" / f"blobs.sha256.{blob.digest.hex}"
    part.parent.mkdir(parents=True)
    content = artifact.contents[blob.digest]
    part.write_bytes(content[: damaged.start] + b"!" * (damaged.stop - damaged.start) + content[damaged.stop :] + b"+")
    with start("push", f"file://{tmp_path}/shared", {}, "1") as child:
        finish(child)
    assert (tmp_path / "shared/blobs/sha256" / blob.digest.hex).read_bytes() == content
