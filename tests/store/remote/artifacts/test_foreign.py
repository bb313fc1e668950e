"""Models of other tools, by manifests written by hand after their documentation, are read as models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ekiben.errors import RemoteError
from ekiben.store.remote.artifacts.modelpack import ModelArtifact, read_model
from ekiben.store.remote.artifacts.recognising import kind_of
from tests.store.remote.artifacts.making import changed

FOREIGN = Path(__file__).parent / "foreign"
TOOLS = ["modctl_raw", "modctl_tar", "kitops", "harbor_raw", "aikit", "draft"]
RAW = "modctl_raw"


def documents(tool: str) -> tuple[bytes, bytes]:
    """The manifest and configuration of a tool."""
    return (FOREIGN / f"{tool}.manifest.json").read_bytes(), (FOREIGN / f"{tool}.config.json").read_bytes()


def read(tool: str) -> ModelArtifact:
    """What they are read as."""
    return read_model(*documents(tool), f"`{tool}`")


@pytest.mark.parametrize("tool", TOOLS)
def test_it_is_a_model_of_nobody_known(tool: str) -> None:
    model = read(tool)
    assert kind_of(documents(tool)[0]) == "model"
    assert (model.facts, model.place, model.about) == (None, "", {})


def test_raw_layers_are_files_by_their_paths() -> None:
    layers = read(RAW).layers
    assert [one.path for one in layers] == [
        "config.json",
        "shards/model-00001-of-00002.safetensors",
        "shards/model-00002-of-00002.safetensors",
        "README.md",
    ]
    assert {one.form for one in layers} == {"raw"}


def test_tars_tell_their_names_themselves() -> None:
    assert [(one.form, one.path) for one in read("modctl_tar").layers] == [("tar", ""), ("tar", "")]


def test_compressed_tars_of_kitops_are_taken_and_its_kitfile_is_passed_over() -> None:
    assert [one.form for one in read("kitops").layers] == ["tar+gzip", "tar", "tar+zstd"]


def test_two_raw_layers_may_be_one_blob() -> None:
    first, second, _ = read("harbor_raw").layers
    assert first.blob.digest == second.blob.digest
    assert (first.path, second.path) == ("1_Pooling/config.json", "config.json")


def test_a_configuration_tells_what_it_can() -> None:
    description = read(RAW).description
    assert (description.name, description.family, description.param_size) == ("gemma-2-2b", "gemma", "2b")
    assert not read("aikit").description.to_dict()
    assert not read("draft").description.to_dict()


PATH = ("annotations", "org.cncf.model.filepath")
METADATA = ("annotations", "org.cncf.model.file.metadata+json")
WRONG = {
    "a path that leads out": (("layers", 0, *PATH), "../../.ssh/authorized_keys", "leads out"),
    "a path from the root": (("layers", 0, *PATH), "/etc/passwd", "not relative"),
    "a path with a NUL": (("layers", 0, *PATH), "a\0", "not shown"),
    "a folder": (("layers", 0, *PATH), ".", "empty part"),
    "a path twice": (("layers", 0, *PATH), "README.md", "twice"),
    "a path in other letters": (("layers", 0, *PATH), "readme.md", "one on some file systems"),
    "a file as a folder": (("layers", 0, *PATH), "README.md/x", "twice"),
    "no annotations": (("layers", 0, "annotations"), {}, "no annotation says which"),
    "another size in the metadata": (("layers", 0, *METADATA), '{"size":1}', "its metadata says 1"),
    "metadata that is none": (("layers", 0, *METADATA), "[[", "no JSON"),
    "a layer of another kind": (("layers", 0, "mediaType"), "application/x-sh", "none of a model"),
    "an unknown form": (("layers", 0, "mediaType"), "application/vnd.cncf.model.weight.v1.zip", "none of a model"),
    "annotations that are none": (("layers", 0, "annotations"), {"a": 1}, "no mapping of texts"),
    "ten petabytes": (("layers", 0, "size"), 10**16, "says that it has"),
    "no layers": (("layers",), [], "no layers of a model"),
    "half of ours": (("annotations",), {"io.ekiben.tag": "iris:1"}, "lacks the annotation"),
}


@pytest.mark.parametrize(("path", "value", "why"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused(path: tuple[str | int, ...], value: object, why: str) -> None:
    content, config = documents(RAW)
    with pytest.raises(RemoteError, match=why):
        read_model(changed(content, *path, to=value), config, "`x`")


def test_a_tar_that_is_there_twice_is_refused() -> None:
    content, config = documents("modctl_tar")
    digest = read("modctl_tar").layers[1].blob.digest
    with pytest.raises(RemoteError, match="twice"):
        read_model(changed(content, "layers", 0, "digest", to=str(digest)), config, "`x`")


def test_more_layers_than_anybody_makes_are_refused() -> None:
    content, config = documents(RAW)
    layer = {"mediaType": "application/vnd.cncf.model.weight.v1.raw", "digest": f"sha256:{'0' * 64}", "size": 0}
    with pytest.raises(RemoteError, match="more than 10,000 layers"):
        read_model(changed(content, "layers", to=[layer] * 10_001), config, "`x`")


def test_a_blob_that_is_a_tar_and_a_file_is_refused() -> None:
    content, config = documents("modctl_tar")
    raw = json.loads(documents("harbor_raw")[0])["layers"][0]
    twin = {**raw, "digest": str(read("modctl_tar").layers[0].blob.digest)}
    with pytest.raises(RemoteError, match="twice"):
        read_model(changed(content, "layers", 1, to=twin), config, "`x`")


def test_the_path_without_an_annotation_of_modelpack_is_the_title() -> None:
    content, config = documents(RAW)
    title = {"org.opencontainers.image.title": "./weights.bin"}
    model = read_model(changed(content, "layers", 0, "annotations", to=title), config, "`x`")
    assert model.layers[0].path == "weights.bin"
