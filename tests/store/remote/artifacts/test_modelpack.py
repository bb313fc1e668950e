"""Models as ModelPack artifacts: every byte that is written, and what is read back or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import RemoteError
from ekiben.store.archive.limits import Limits
from ekiben.store.model_manifest import ModelManifest
from ekiben.store.remote.artifacts.artifact import Artifact, ItemFacts
from ekiben.store.remote.artifacts.modelpack import ModelArtifact, read_model, write_model
from ekiben.tag import Tag
from tests.store.remote.artifacts.making import (
    IRIS,
    IRIS_BLOBS,
    IRIS_FACTS,
    MIB,
    TEN,
    TEN_BLOBS,
    TEN_FACTS,
    TEN_FILES,
    changed,
    check_golden,
    model_blobs,
    naming,
)

IRIS_ARTIFACT = write_model(IRIS_FACTS, IRIS, IRIS_BLOBS)
TEN_ARTIFACT = write_model(TEN_FACTS, TEN, TEN_BLOBS)
WHAT = "`localhost:5000/iris:1`"

NAMES = st.from_regex(r"[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8}){0,2}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
SIZES = st.sampled_from([0, 1, 511, 512, 513, MIB, 64 * MIB - 1, 64 * MIB, 20 * 1024 * MIB])
TIMES = st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
MANIFESTS = st.builds(
    ModelManifest,
    name=NAMES,
    module=TEXTS,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=3),
    metadata=st.dictionaries(TEXTS, st.none() | st.integers() | st.floats() | TEXTS | st.dates(), max_size=3),
)


@st.composite
def sized_files(draw: st.DrawFn) -> dict[str, int]:
    """Files of a model that can lie beside each other: no path is a folder of another's."""
    paths = draw(st.lists(PATHS, min_size=1, max_size=6, unique=True))
    kept = [path for path in paths if not any(other.startswith(f"{path}/") for other in paths)]
    return {path: draw(SIZES) for path in kept}


def read(content: bytes, config_content: bytes) -> ModelArtifact:
    """Reads with the limits of everybody."""
    return read_model(content, config_content, WHAT)


@pytest.mark.parametrize(("name", "artifact"), [("iris", IRIS_ARTIFACT), ("ten_files", TEN_ARTIFACT)])
def test_the_documents_are_the_golden_ones(name: str, artifact: Artifact, pytestconfig: pytest.Config) -> None:
    check_golden(name, artifact, pytestconfig)


def test_what_is_written_is_read_back() -> None:
    model = read(IRIS_ARTIFACT.content, IRIS_ARTIFACT.config_content)
    assert model.facts == IRIS_FACTS
    assert model.place == "models/iris"
    assert model.about["module"] == "ekiben.sklearn"
    assert model.about["metadata"] == {"accuracy": 0.97}
    assert (model.description.family, model.description.format) == ("sklearn", "pickle")
    assert [(one.blob, one.path) for one in model.layers] == [(blob, "") for blob in IRIS_ARTIFACT.blobs]


def test_a_large_file_is_a_part_of_its_layer_and_a_small_one_is_none() -> None:
    bundle, *alone = read(TEN_ARTIFACT.content, TEN_ARTIFACT.config_content).layers
    assert (bundle.path, bundle.part) == ("model.yaml", None)
    assert [one.path for one in alone] == sorted(TEN_FILES)[1:]
    assert [one.part for one in alone] == [one.pack.part for one in TEN_BLOBS[1:]]


def test_labels_called_as_fields_of_modelpack_are_those_fields() -> None:
    description = read(TEN_ARTIFACT.content, TEN_ARTIFACT.config_content).description
    assert (description.param_size, description.precision) == ("22m", "fp32")


@given(sized_files(), MANIFESTS, NAMES, NAMES, TIMES)
def test_any_model_is_read_back(
    files: dict[str, int], manifest: ModelManifest, name: str, version: str, created: datetime
) -> None:
    about = ItemFacts(Tag(name, f"v{version}"), Digest.of_bytes(b"x"), created, sum(files.values()))
    blobs = model_blobs(about, files)
    artifact = write_model(about, manifest, blobs)
    model = read(artifact.content, artifact.config_content)
    assert model.facts == about
    assert [one.blob.digest for one in model.layers] == [one.layer.digest for one in blobs]
    assert {one.path for one in model.layers} - {""} <= files.keys()
    assert [one.part for one in model.layers if one.part] == [
        part for part in (one.pack.part for one in blobs) if part and part.size_bytes >= 64 * MIB
    ]


def test_metadata_that_no_manifest_could_carry_is_left_out() -> None:
    artifact = write_model(IRIS_FACTS, ModelManifest("iris", metadata={"curve": [0.5] * 50_000}), IRIS_BLOBS)
    assert len(artifact.content) < 1024
    assert not read(artifact.content, artifact.config_content).about


def test_more_layers_than_would_be_read_are_not_written() -> None:
    files = {f"shard-{number}.safetensors": MIB for number in range(10_001)}
    with pytest.raises(RemoteError, match="10,001 layers"):
        write_model(IRIS_FACTS, IRIS, model_blobs(IRIS_FACTS, files))


@pytest.mark.parametrize("path", ["a\\b", "README.md", "Weights.pkl/x", "x" * 300])
def test_names_that_nobody_could_pull_are_not_written(path: str) -> None:
    files = {path: 1, "readme.md": 1, "weights.pkl/y": 1}
    with pytest.raises(RemoteError, match=r"`iris:.*` cannot go to a remote: the name"):
        write_model(IRIS_FACTS, IRIS, model_blobs(IRIS_FACTS, files))


LAYER = ("layers", 0)
WRONG_MANIFESTS = {
    "no JSON": (b"{", "no JSON"),
    "an index": (
        changed(IRIS_ARTIFACT.content, "mediaType", to="application/vnd.oci.image.index.v1+json"),
        "no manifest",
    ),
    "no tag": (changed(IRIS_ARTIFACT.content, "annotations", "io.ekiben.tag"), "lacks the annotation `io.ekiben.tag`"),
    "no time": (
        changed(IRIS_ARTIFACT.content, "annotations", "org.opencontainers.image.created"),
        "lacks the annotation",
    ),
    "a time without a zone": (
        changed(IRIS_ARTIFACT.content, "annotations", "org.opencontainers.image.created", to="2026-03-04T05:06:07"),
        "no time",
    ),
    "a day that is none": (
        changed(IRIS_ARTIFACT.content, "annotations", "org.opencontainers.image.created", to="2026-02-30T05:06:07Z"),
        "no time",
    ),
    "a tag that leads out": (
        changed(IRIS_ARTIFACT.content, "annotations", "io.ekiben.tag", to="../../etc:1"),
        "no name of a model",
    ),
    "a tag without a version": (
        changed(IRIS_ARTIFACT.content, "annotations", "io.ekiben.tag", to="iris:latest"),
        "names no version",
    ),
    "another tag": (
        changed(IRIS_ARTIFACT.content, "annotations", "io.ekiben.tag", to="rose:1"),
        "its configuration is that of `iris:3qf6nkk2m5ob7azx`, and its manifest of `rose:1`",
    ),
    "a digest of another kind": (
        changed(IRIS_ARTIFACT.content, "annotations", "io.ekiben.digest", to="md5:00"),
        "no digest",
    ),
    "a size that is none": (changed(IRIS_ARTIFACT.content, "annotations", "io.ekiben.size", to="-1"), "no number"),
    "more bytes than its layers": (
        changed(IRIS_ARTIFACT.content, "annotations", "io.ekiben.size", to="10000000000"),
        "to have more bytes than its layers",
    ),
    "a layer of an image": (
        changed(IRIS_ARTIFACT.content, *LAYER, "mediaType", to="application/vnd.oci.image.layer.v1.tar"),
        "does not make",
    ),
    "a compressed layer": (
        changed(IRIS_ARTIFACT.content, *LAYER, "mediaType", to="application/vnd.cncf.model.weight.v1.tar+gzip"),
        "does not make",
    ),
    "a layer that is no tar": (changed(IRIS_ARTIFACT.content, *LAYER, "size", to=10_240 + 3_000 + 1), "no tar"),
    "a layer without a size": (changed(IRIS_ARTIFACT.content, *LAYER, "size"), "`size`"),
    "a layer of fewer bytes than none": (changed(IRIS_ARTIFACT.content, *LAYER, "size", to=-1), "`size`"),
    "a layer without a path": (changed(IRIS_ARTIFACT.content, *LAYER, "annotations"), "org.cncf.model.filepath"),
    "other layers": (changed(IRIS_ARTIFACT.content, *LAYER, "digest", to=f"sha256:{'0' * 64}"), "other layers"),
    "no layers": (changed(IRIS_ARTIFACT.content, "layers", to=[]), "other layers"),
    "another digest's configuration": (
        changed(IRIS_ARTIFACT.content, "config", "digest", to=f"sha256:{'0' * 64}"),
        "configuration is not what its manifest names",
    ),
    "another size's configuration": (changed(IRIS_ARTIFACT.content, "config", "size", to=5), "is not what"),
}


@pytest.mark.parametrize(("content", "why"), WRONG_MANIFESTS.values(), ids=WRONG_MANIFESTS.keys())
def test_a_manifest_that_is_wrong_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(RemoteError, match=why) as refused:
        read(content, IRIS_ARTIFACT.config_content)
    assert str(refused.value).startswith(WHAT)


WRONG_PATHS = {
    "../weights.bin": "leads out",
    "/etc/passwd": "not relative",
    "a//b": "empty part",
    "a\0b": "not shown",
    "a\\b": "backslash",
    "weights-01.safetensors": "twice",
    "WEIGHTS-01.safetensors": "one on some file systems",
    "weights-01.safetensors/more": "twice",
    f"{'a' * 300}.bin": "too long",
}


@pytest.mark.parametrize("path", WRONG_PATHS)
def test_a_path_that_leads_elsewhere_or_is_there_twice_is_refused(path: str) -> None:
    content = changed(TEN_ARTIFACT.content, "layers", 1, "annotations", "org.cncf.model.filepath", to=path)
    with pytest.raises(RemoteError, match=WRONG_PATHS[path]):
        read(content, TEN_ARTIFACT.config_content)


PART_SHA256 = Digest.of_bytes(b"weights-00.safetensors").hex
WRONG_PARTS = [
    "",
    "1536",
    f"1536 {100 * MIB} {PART_SHA256[:-1]}",
    f"-512 {100 * MIB} {PART_SHA256}",
    f"1537 {100 * MIB} {PART_SHA256}",
    f"1537 {100 * MIB - 1} {PART_SHA256}",
    f"1024 {100 * MIB} {PART_SHA256}",
    f"1536 {100 * MIB + 1} {PART_SHA256}",
    f"1536 {100 * MIB - 512} {PART_SHA256}",
    f"1536 {10**17} {PART_SHA256}",
    f"1536 1{'0' * 5000} {PART_SHA256}",
]


@pytest.mark.parametrize("part", WRONG_PARTS)
def test_a_part_that_does_not_fit_its_layer_is_refused(part: str) -> None:
    content = changed(TEN_ARTIFACT.content, "layers", 1, "annotations", "io.ekiben.part", to=part)
    with pytest.raises(RemoteError, match=r"io\.ekiben\.part"):
        read(content, TEN_ARTIFACT.config_content)


def test_a_large_file_may_be_called_as_the_folder_of_small_ones() -> None:
    files = {"models": 70 * MIB, "a": 1, "b": 2}
    artifact = write_model(TEN_FACTS, TEN, model_blobs(TEN_FACTS, files))
    small, large = read(
        changed(artifact.content, "annotations", "io.ekiben.size", to="3"), artifact.config_content
    ).layers
    assert (small.path, large.path) == ("", "models")


def test_a_layer_that_is_there_twice_is_refused() -> None:
    first = dict(TEN_ARTIFACT.blobs[1].to_fields())
    content = changed(TEN_ARTIFACT.content, "layers", 2, to=first)
    with pytest.raises(RemoteError, match=r"the layer `sha256:.*` is there twice"):
        read(content, TEN_ARTIFACT.config_content)


def test_claims_of_more_bytes_than_are_taken_are_refused() -> None:
    with pytest.raises(RemoteError, match="says that it has more than 1,000 bytes"):
        read_model(TEN_ARTIFACT.content, TEN_ARTIFACT.config_content, WHAT, Limits(max_bytes=1000))


@pytest.mark.parametrize("config", [b"[]", b"{", b'{"a":1,"a":1}', b"{}", IRIS_ARTIFACT.config_content[:-1] + b" }"])
def test_a_configuration_that_is_wrong_is_refused(config: bytes) -> None:
    is_named = not config.endswith(b" }")  # else it is as good as ours, and named by nobody
    content = naming(IRIS_ARTIFACT.content, config) if is_named else IRIS_ARTIFACT.content
    with pytest.raises(RemoteError, match="configuration"):
        read(content, config)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(content: bytes, config: bytes) -> None:
    with pytest.raises(RemoteError):
        read(content, config)
    with pytest.raises(RemoteError):
        read(naming(IRIS_ARTIFACT.content, config), config)


def test_the_documents_of_a_model_of_ten_files_are_small() -> None:
    assert len(TEN_FILES) == 10
    assert len(TEN_ARTIFACT.content) + len(TEN_ARTIFACT.config_content) < 4_700
