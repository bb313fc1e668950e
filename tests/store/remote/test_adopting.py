"""Models that other tools pushed, pulled as ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import VersionTaken
from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.image import JoinedSource
from ekiben.oci.json_object import canonical
from ekiben.oci.manifest import Manifest
from ekiben.report import SilentReporter
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.pulling import PullRequest, pull_model
from ekiben.store.remote.remotes import Remotes, Target
from tests.store.making import assert_whole

FILES = {"model.safetensors": b"weights" * 1000, "deep/config.json": b"{}"}


@pytest.fixture
def remote(tmp_path: Path) -> ArtifactStore:
    """A folder as a remote."""
    return open_object_store((tmp_path / "remote").as_uri(), {})


def put(remote: ArtifactStore, tag: str, files: dict[str, bytes], repository: str = "llama") -> None:
    """Pushes raw layers, as modctl and Harbor do."""
    kind = "application/vnd.cncf.model.weight.v1.raw"
    contents = {path: Descriptor.of_bytes(content, kind) for path, content in files.items()}
    layers = tuple(
        Descriptor(kind, one.digest, one.size_bytes, {"org.cncf.model.filepath": path})
        for path, one in contents.items()
    )
    config_content = canonical({"descriptor": {"name": "Llama", "family": "llama"}, "config": {}, "modelfs": {}})
    config = Descriptor.of_bytes(config_content, "application/vnd.cncf.model.config.v1+json")
    source = JoinedSource({config.digest: config_content, **{contents[path].digest: files[path] for path in files}})
    remote.push_blobs(repository, [*layers, config], source)
    manifest = Manifest(config, layers, artifact_type="application/vnd.cncf.model.manifest.v1+json")
    remote.push_manifest(repository, manifest.to_bytes(), manifest.media_type, tag)


def pull(store: Store, remote: ArtifactStore, ref: str) -> Model:
    request = PullRequest(Target.parse(f"{remote.host}/{ref}"))
    return pull_model(request, remotes=Remotes(lambda _: remote, None), store=store, reporter=SilentReporter())


def test_its_files_come_as_they_are_with_what_is_told_of_it(store: Store, remote: ArtifactStore) -> None:
    put(remote, "v1", FILES)
    model = pull(store, remote, "llama:v1")
    assert str(model.tag) == "llama:v1"
    assert {path: (model.path / path).read_bytes() for path in FILES} == FILES
    assert model.metadata == {"modelpack": {"name": "Llama", "family": "llama"}}
    assert_whole(model)


def test_latest_gets_a_version_made_from_its_content(store: Store, remote: ArtifactStore) -> None:
    put(remote, "latest", FILES)
    model = pull(store, remote, "llama")
    assert model.tag.version == model.digest.short_version


def test_two_files_that_are_one_blob_are_two_files(store: Store, remote: ArtifactStore) -> None:
    put(remote, "v1", {"one.bin": b"same" * 1000, "two.bin": b"same" * 1000})
    model = pull(store, remote, "llama:v1")
    assert (model.path / "one.bin").read_bytes() == (model.path / "two.bin").read_bytes() == b"same" * 1000


def test_a_tag_that_its_maker_moved_is_refused(store: Store, remote: ArtifactStore) -> None:
    put(remote, "v1", FILES)
    first = pull(store, remote, "llama:v1")
    put(remote, "v1", {**FILES, "more.txt": b"more"})
    with pytest.raises(VersionTaken):
        pull(store, remote, "llama:v1")
    assert store.models.get("llama:v1").digest == first.digest
