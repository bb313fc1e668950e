"""Manifests, indexes and configurations: each is what it was written from, and says what is wrong with it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.config import Healthcheck, HistoryEntry, ImageConfig
from ekiben.oci.descriptor import Platform
from ekiben.oci.index import Index
from ekiben.oci.manifest import Manifest, is_index
from ekiben.oci.media_types import DOCKER_INDEX, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST
from tests.oci.documents import configs, indexes, manifests

DIGEST = str(Digest.of_bytes(b""))
CONFIG = {"mediaType": OCI_CONFIG, "digest": DIGEST, "size": 1}
LAYER = {"mediaType": OCI_LAYER, "digest": DIGEST, "size": 0}
MANIFEST = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [LAYER]}


def encoded(content: object) -> bytes:
    return json.dumps(content).encode()


@given(manifests)
def test_a_manifest_reads_as_what_it_was_written_from(manifest: Manifest) -> None:
    assert Manifest.parse(manifest.to_bytes()) == manifest
    assert not is_index(manifest.to_bytes())


@given(indexes)
def test_an_index_reads_as_what_it_was_written_from(index: Index) -> None:
    assert Index.parse(index.to_bytes()) == index
    assert is_index(index.to_bytes())


@given(configs)
def test_a_configuration_reads_as_what_it_was_written_from(config: ImageConfig) -> None:
    assert ImageConfig.parse(config.to_bytes()) == config


def test_the_spelling_of_a_manifest_stays() -> None:
    config = f'{{"digest":"{DIGEST}","mediaType":"{OCI_CONFIG}","size":1}}'
    layer = f'{{"digest":"{DIGEST}","mediaType":"{OCI_LAYER}","size":0}}'
    expected = f'{{"config":{config},"layers":[{layer}],"mediaType":"{OCI_MANIFEST}","schemaVersion":2}}'
    assert Manifest.parse(encoded(MANIFEST)).to_bytes().decode() == expected


def test_dockers_own_manifest_reads_alike() -> None:
    manifest = Manifest.parse(encoded({**MANIFEST, "mediaType": DOCKER_MANIFEST}))
    assert manifest.media_type == DOCKER_MANIFEST
    assert Manifest.parse(manifest.to_bytes()) == manifest


def test_a_document_without_a_type_is_told_by_what_it_holds() -> None:
    bare = {"schemaVersion": 2, "config": CONFIG, "layers": []}
    assert not is_index(encoded(bare))
    assert Manifest.parse(encoded(bare)).media_type == OCI_MANIFEST
    assert is_index(encoded({"schemaVersion": 2, "manifests": []}))
    assert is_index(encoded({"schemaVersion": 2, "mediaType": DOCKER_INDEX}))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"schemaVersion": 1}, "schema version 1"),
        ({"schemaVersion": None}, "schema version none"),
        ({"mediaType": OCI_INDEX}, "is no manifest of an image"),
        ({"config": None}, "names no configuration"),
        ({"config": {**CONFIG, "size": None}}, "`size` of `config` of the image's manifest is missing"),
        ({"layers": [{**LAYER, "digest": "sha512:00"}]}, "`sha512:00`, which is no sha256"),
        ({"layers": [{**LAYER, "digest": "sha256:00"}]}, "`sha256:00`, which is no sha256"),
        ({"layers": [{**LAYER, "size": -1}]}, "no whole number"),
        ({"layers": {}}, "no list"),
    ],
)
def test_a_manifest_says_what_is_wrong_with_it(change: dict[str, object], why: str) -> None:
    with pytest.raises(ImageError, match=why):
        Manifest.parse(encoded({**MANIFEST, **change}))


def test_an_index_is_no_manifest_and_a_manifest_no_index() -> None:
    with pytest.raises(ImageError, match="is no index"):
        Index.parse(encoded(MANIFEST))


DOCKER_RUN: dict[str, object] = {
    "Hostname": "",
    "AttachStdin": False,
    "Env": ["PATH=/bin", "A=b=c", "BARE"],
    "Cmd": None,
    "Entrypoint": ["python3"],
    "ExposedPorts": {"3000/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1500000000, "StartInterval": 7, "Retries": 0},
    "Volumes": {"/data": {}},
    "Onbuild": ["RUN true"],
    "Shell": ["/bin/bash", "-c"],
}
DOCKER_CONFIG: dict[str, object] = {
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "os.version": "6",
    "created": "2026-01-01T00:00:00Z",
    "docker_version": "20.10",
    "config": DOCKER_RUN,
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    "history": [{"created_by": "ENV A", "empty_layer": True}, {"created_by": "COPY"}],
}


def test_what_docker_adds_to_a_configuration_is_understood() -> None:
    config = ImageConfig.parse(encoded(DOCKER_CONFIG))
    assert config.platform == Platform("linux", "arm64", "v8")
    assert config.variables == {"PATH": "/bin", "A": "b=c", "BARE": ""}
    assert (config.entrypoint, config.cmd) == (("python3",), None)
    assert config.ports == {"3000/tcp"}
    assert config.healthcheck == Healthcheck(("CMD", "true"), interval_s=1.5, others={"StartInterval": 7})
    assert config.history == (HistoryEntry("ENV A", is_empty=True), HistoryEntry("COPY"))


def test_what_is_not_acted_on_survives_in_a_configuration() -> None:
    written = json.loads(ImageConfig.parse(encoded(DOCKER_CONFIG)).to_bytes())
    for name in ("Volumes", "Onbuild", "Shell", "AttachStdin", "Hostname", "Env", "ExposedPorts"):
        assert written["config"][name] == DOCKER_RUN[name]
    for name in ("os.version", "docker_version", "created", "history", "rootfs", "variant"):
        assert written[name] == DOCKER_CONFIG[name]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"os": None}, "`os` of .* is missing"),
        ({"architecture": ""}, "`architecture` of .* is missing"),
        ({"rootfs": None}, "names no layers"),
        ({"rootfs": {"diff_ids": ["x"]}}, "`x`, which is no sha256"),
        ({"rootfs": {"diff_ids": [1]}}, "`1`, which is no sha256"),
        ({"config": []}, "no JSON object"),
        ({"config": {"Labels": {"a": 1}}}, "no mapping of texts"),
        ({"history": [{"empty_layer": "no"}]}, "neither true nor false"),
    ],
)
def test_a_configuration_says_what_is_wrong_with_it(change: dict[str, object], why: str) -> None:
    with pytest.raises(ImageError, match=why):
        ImageConfig.parse(encoded({**DOCKER_CONFIG, **change}))


KEYS = [*MANIFEST, *LAYER, *DOCKER_CONFIG, *DOCKER_RUN, "manifests", "platform", "diff_ids", "annotations"]
strange = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", DIGEST, OCI_INDEX, "linux"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("document", [Manifest, Index, ImageConfig])
@given(changes=st.dictionaries(st.sampled_from(KEYS), strange, max_size=3))
def test_a_strange_document_is_refused_or_kept(
    document: type[Manifest | Index | ImageConfig], changes: dict[str, object]
) -> None:
    index = {"schemaVersion": 2, "manifests": [LAYER]}
    whole: dict[type, dict[str, object]] = {Manifest: MANIFEST, Index: index, ImageConfig: DOCKER_CONFIG}
    try:
        read = document.parse(encoded({**whole[document], **changes}))
    except ImageError:
        return
    assert document.parse(read.to_bytes()) == read
