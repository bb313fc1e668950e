"""Independent implementations read what ekiben writes, and write what it reads: skopeo copies artifacts, the package
`modelpack-client` pulls and pushes models, podman mounts them, all through a real registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ekiben.digest import Digest
from ekiben.oci.image import BlobSource, JoinedSource
from ekiben.oci.registry.registry import Registry
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.archive.formats import BENTO, MODEL
from ekiben.store.local import Store, open_store
from ekiben.store.models import Model
from ekiben.store.remote.artifacts.artifact import Artifact, ItemFacts
from ekiben.store.remote.artifacts.model_config import describe_model
from ekiben.store.remote.artifacts.modelpack import ModelArtifact, read_model, write_model
from ekiben.store.remote.artifacts.mountable import write_mountable
from ekiben.store.remote.item_blobs import ItemBlob, item_blobs, item_files, model_place
from ekiben.store.remote.opening import remotes_for
from ekiben.store.remote.pulling import PullRequest, pull_bento, pull_model
from ekiben.store.remote.pushing import PushRequest, push_bento
from ekiben.store.remote.remotes import Place, Target
from ekiben.store.sums import SUMS, parse_sums
from tests.oci.registry.real_registry import RealRegistry
from tests.oci.registry.talking import registry_at
from tests.store.making import build, entry
from tests.store.remote.artifacts.making import MIB
from tests.store.remote.artifacts.other_tools import files_in, modelpack, skopeo

REPOSITORY = "plants/iris"


@pytest.fixture
def model(store: Store) -> Model:
    """A model of small files, a large one and one in a folder."""
    with store.models.create("iris", module="ekiben.sklearn", labels={"license": "MIT"}) as draft:
        draft.path_of("weights.safetensors").write_bytes(os.urandom(3 * MIB + 17))
        draft.path_of("README.md").write_text("what it is\n")
        draft.path_of("tokenizer").mkdir()
        draft.path_of("tokenizer/vocab.txt").write_text("a\nb\n")
        draft.path_of("tokenizer/merges.bin").write_bytes(os.urandom(MIB))
    return draft.model


def blobs_of(model: Model, store: Store) -> tuple[ItemBlob, ...]:
    """The blobs of a model in the store."""
    place = model_place(model.tag)
    return item_blobs(model.path, item_files(model.path), place, store.layout.cache, SilentReporter())


def push(artifact: Artifact, blobs: tuple[ItemBlob, ...], registry: Registry, version: str) -> None:
    """What a push comes down to."""
    sources: dict[Digest, BlobSource] = {one.layer.digest: one.content for one in blobs}
    source = JoinedSource({artifact.config.digest: artifact.config_content}, sources)
    registry.push_blobs(REPOSITORY, [*artifact.blobs, artifact.config], source)
    registry.push_manifest(REPOSITORY, artifact.content, artifact.media_type, version)


@pytest.fixture
def artifact(model: Model, store: Store, real_registry: RealRegistry) -> Artifact:
    """The model's artifact, in the registry as `plants/iris:1`."""
    blobs = blobs_of(model, store)
    facts = ItemFacts(model.tag, model.digest, model.created, model.size_bytes)
    written = write_model(facts, model.manifest, blobs)
    push(written, blobs, registry_at(real_registry.host), "1")
    return written


def files_of(model: Model) -> Mapping[str, bytes]:
    """What SHA256SUMS lists, with its bytes."""
    return {path: (model.path / path).read_bytes() for path in parse_sums((model.path / SUMS).read_bytes())}


def test_skopeo_copies_a_model_into_a_folder(
    artifact: Artifact, model: Model, real_registry: RealRegistry, tmp_path: Path
) -> None:
    source = f"docker://{real_registry.host}/{REPOSITORY}:1"
    skopeo("copy", "--src-tls-verify=false", source, f"dir:{tmp_path / 'copy'}")
    assert (tmp_path / "copy/manifest.json").read_bytes() == artifact.content
    for blob in artifact.blobs:
        with tarfile.open(tmp_path / "copy" / blob.digest.hex) as tar:
            tar.extractall(tmp_path / "files", filter="data")
    assert files_in(tmp_path / "files/models/iris") == files_of(model)


def test_skopeo_copies_a_model_into_a_layout_and_back(
    artifact: Artifact, real_registry: RealRegistry, tmp_path: Path
) -> None:
    source, layout = f"docker://{real_registry.host}/{REPOSITORY}:1", f"oci:{tmp_path / 'layout'}:1"
    skopeo("copy", "--src-tls-verify=false", source, layout)
    skopeo("copy", "--dest-tls-verify=false", layout, f"docker://{real_registry.host}/other/iris:2")
    assert registry_at(real_registry.host).get_manifest("other/iris", "2").content == artifact.content
    index = json.loads((tmp_path / "layout/index.json").read_bytes())
    assert index["manifests"][0]["digest"] == str(artifact.descriptor.digest)


def test_skopeo_copies_a_bento_with_its_models(
    model: Model, store: Store, real_registry: RealRegistry, tmp_path: Path
) -> None:
    bento = build(store, models=[entry(model)])
    registry = registry_at(real_registry.host)
    request = PushRequest(bento.tag, Place.parse(f"{real_registry.host}/team"))
    report = push_bento(request, remote=registry, store=store, reporter=SilentReporter())
    source = f"docker://{real_registry.host}/{report.standing.target.repository}:{bento.tag.version}"
    layout = f"oci:{tmp_path / 'layout'}:1"
    skopeo("copy", "--src-tls-verify=false", source, layout)
    skopeo("copy", "--dest-tls-verify=false", layout, f"docker://{real_registry.host}/copied/svc:{bento.tag.version}")
    remotes = remotes_for(BENTO, load_settings({"EKIBEN_HOME": str(tmp_path / "other")}), {})
    other = open_store(load_settings({"EKIBEN_HOME": str(tmp_path / "other")}))
    pulled = PullRequest(Target.parse(f"{real_registry.host}/copied/svc"))
    assert pull_bento(pulled, remotes=remotes, store=other, reporter=SilentReporter()).digest == bento.digest
    assert other.models.get(model.tag).digest == model.digest


@pytest.fixture
def image(artifact: Artifact, model: Model, store: Store, real_registry: RealRegistry) -> str:
    """The image beside the model, in the registry by this name."""
    blobs = blobs_of(model, store)
    facts = ItemFacts(model.tag, model.digest, model.created, model.size_bytes)
    push(write_mountable(facts, blobs), blobs, registry_at(real_registry.host), "1-image")
    return f"{real_registry.host}/{REPOSITORY}:1-image"


def test_skopeo_reads_the_image_beside_a_model(artifact: Artifact, image: str) -> None:
    told = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{image}"))
    assert (told["Os"], told["Architecture"]) == ("linux", "amd64")
    assert told["Layers"] == [str(one.digest) for one in artifact.blobs]


@pytest.fixture
def run_folder() -> Iterator[str]:
    """A folder whose path is short: podman takes 50 characters."""
    with TemporaryDirectory(prefix="ekiben-") as folder:
        yield folder


def test_podman_mounts_the_image_beside_a_model(image: str, model: Model, run_folder: str, tmp_path: Path) -> None:
    podman = shutil.which("podman")
    if podman is None or os.geteuid() != 0:
        pytest.skip("no podman that mounts, which takes root")
    places = ("--root", tmp_path / "podman", "--runroot", run_folder, "--storage-driver", "vfs")

    def run(*arguments: str) -> str:
        return subprocess.run([podman, *places, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    run("pull", "--tls-verify=false", image)
    mounted = Path(run("image", "mount", image))
    assert files_in(mounted / "models/iris") == files_of(model)
    run("image", "unmount", image)


def test_another_client_of_modelpack_pulls_a_model(
    artifact: Artifact, model: Model, real_registry: RealRegistry, tmp_path: Path
) -> None:
    modelpack("pull", f"{real_registry.host}/{REPOSITORY}@{artifact.descriptor.digest}", tmp_path / "pulled")
    assert files_in(tmp_path / "pulled/models/iris") == files_of(model)


def pushed_by_another(layers: Mapping[str, str], real_registry: RealRegistry, folder: Path) -> ModelArtifact:
    """The model that modelpack-client makes of paths in `folder`, each with the kind and form of its layer."""
    config = folder.parent / "config.json"
    config.write_text(
        json.dumps(
            {"descriptor": {"name": "Iris (v2)", "licenses": ["MIT", "Apache-2.0"]}, "config": {"format": "onnx"}}
        )
    )
    reference = f"{real_registry.host}/other/iris:2"
    arguments = [f"--layer={folder / path}:application/vnd.cncf.model.{kind}" for path, kind in layers.items()]
    modelpack("push", reference, "--config", config, *arguments)
    registry = registry_at(real_registry.host)
    manifest = registry.get_manifest("other/iris", "2").content
    digest = Digest.parse(json.loads(manifest)["config"]["digest"])
    with registry.source("other/iris").open(digest) as stream:
        return read_model(manifest, stream.read(), f"`{reference}`")


def test_a_model_that_another_client_pushed_is_read(real_registry: RealRegistry, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    (folder / "tokenizer").mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"weights")
    (folder / "README.md").write_text("what it is\n")
    (folder / "tokenizer/vocab.txt").write_text("a\n")
    layers = {"model.onnx": "weight.v1.raw", "README.md": "doc.v1.raw", "tokenizer": "weight.config.v1.tar+gzip"}
    model = pushed_by_another(layers, real_registry, folder)
    assert (model.facts, model.description.name, model.description.format) == (None, "Iris (v2)", "onnx")
    assert [(one.form, one.path) for one in model.layers] == [
        ("raw", "model.onnx"),
        ("raw", "README.md"),
        ("tar+gzip", ""),
    ]
    assert model.layers[0].blob.digest == Digest.of_bytes(b"weights")


def test_a_model_that_another_client_pushed_is_pulled(
    real_registry: RealRegistry, store: Store, tmp_path: Path
) -> None:
    files = {"model.onnx": b"weights", "README.md": b"what it is\n", "tokenizer/vocab.txt": b"a\n"}
    for path, content in files.items():
        (tmp_path / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / path).write_bytes(content)
    layers = {"model.onnx": "weight.v1.raw", "README.md": "doc.v1.tar", "tokenizer": "weight.config.v1.tar+zstd"}
    with tarfile.open(tmp_path / "source/README.tar", "w") as tar:
        tar.add(tmp_path / "source/README.md", "README.md")
    (tmp_path / "source/README.tar").replace(tmp_path / "source/README.md")
    pushed_by_another(layers, real_registry, tmp_path / "source")
    remotes = remotes_for(MODEL, load_settings({"EKIBEN_HOME": str(store.layout.home)}), {})
    request = PullRequest(Target.parse(f"{real_registry.host}/other/iris:2"))
    model = pull_model(request, remotes=remotes, store=store, reporter=SilentReporter())
    assert {path: (model.path / path).read_bytes() for path in files} == files
    description = describe_model(model.tag, model.manifest, files)
    assert (description.name, description.version, description.format) == ("iris", "2", "onnx")
    assert description.licenses == ("MIT", "Apache-2.0")
