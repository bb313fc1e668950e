"""Bentos as artifacts, with their models and without: every byte that is written, and what is read or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import RemoteError
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.remote.artifacts.artifact import Artifact
from ekiben.store.remote.artifacts.bento_artifact import BentoArtifact, read_bento, write_bento
from ekiben.store.remote.artifacts.modelpack import write_model
from ekiben.tag import Tag
from tests.store.remote.artifacts.making import (
    BENTO,
    BENTO_BLOBS,
    BENTO_FACTS,
    IRIS,
    IRIS_BLOBS,
    IRIS_FACTS,
    MIB,
    MODELS,
    TEN_BLOBS,
    TEN_FACTS,
    changed,
    check_golden,
    facts,
    model_blobs,
    naming,
)

WITH = write_bento(BENTO_FACTS, BENTO, BENTO_BLOBS, MODELS, with_models=True)
WITHOUT = write_bento(BENTO_FACTS, BENTO, BENTO_BLOBS, {}, with_models=False)
WHAT = "`localhost:5000/classifier:1.0`"

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
MAPPINGS = st.dictionaries(TEXTS, VALUES, max_size=3)
MANIFESTS = st.builds(
    BentoManifest,
    service=TEXTS,
    name=st.just("classifier"),
    description=TEXTS,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=3),
    models=st.sampled_from([(), BENTO.models, BENTO.models[:1]]),
    services=st.lists(MAPPINGS, max_size=2).map(tuple),
    envs=st.lists(MAPPINGS, max_size=2).map(tuple),
    python=MAPPINGS,
    docker=MAPPINGS,
    platforms=st.lists(TEXTS, max_size=2).map(tuple),
    schema=MAPPINGS,
    args=MAPPINGS,
    executables=st.lists(TEXTS, max_size=2).map(tuple),
)


def read(artifact: Artifact) -> BentoArtifact:
    """What an artifact is read as."""
    return read_bento(artifact.content, artifact.config_content, WHAT)


def with_config(config: bytes, content: bytes = WITH.content) -> tuple[bytes, bytes]:
    """A manifest that names that configuration, and the configuration."""
    return naming(content, config), config


@pytest.mark.parametrize(("name", "artifact"), [("bento_with_models", WITH), ("bento_without_models", WITHOUT)])
def test_the_documents_are_the_golden_ones(name: str, artifact: Artifact, pytestconfig: pytest.Config) -> None:
    check_golden(name, artifact, pytestconfig)


def test_what_is_written_is_read_back() -> None:
    bento = read(WITH)
    assert (bento.facts, bento.manifest, bento.has_models) == (BENTO_FACTS, BENTO, True)
    assert [one.blob.digest for one in bento.layers] == [one.layer.digest for one in BENTO_BLOBS]
    assert [(one.path, one.part) for one in bento.layers] == [
        ("", None),
        ("env/python/wheels/torch.whl", BENTO_BLOBS[1].pack.part),
    ]


def test_the_layers_of_a_model_are_those_of_its_own_artifact() -> None:
    iris, ten = read(WITH).models
    assert (iris.tag, iris.digest, iris.facts) == (IRIS_FACTS.tag, IRIS_FACTS.digest, IRIS_FACTS)
    assert iris.layers is not None
    assert [one.blob for one in iris.layers] == list(write_model(IRIS_FACTS, IRIS, IRIS_BLOBS).blobs)
    assert ten.facts == TEN_FACTS
    assert ten.layers is not None
    assert len(ten.layers) == len(TEN_BLOBS)


def test_without_models_they_are_named_alone() -> None:
    bento = read(WITHOUT)
    assert not bento.has_models
    assert [(one.tag, one.digest, one.facts, one.layers) for one in bento.models] == [
        (IRIS_FACTS.tag, IRIS_FACTS.digest, None, None),
        (TEN_FACTS.tag, TEN_FACTS.digest, None, None),
    ]


def test_a_bento_that_needs_no_models_has_them_all() -> None:
    manifest = replace(BENTO, models=())
    artifacts = [write_bento(BENTO_FACTS, manifest, BENTO_BLOBS, {}, with_models=one) for one in (True, False)]
    assert artifacts[0] == artifacts[1]
    assert read(artifacts[0]).has_models


def test_two_versions_of_a_model_share_their_layers() -> None:
    files = {"weights.bin": 70 * MIB, "model.yaml": 10}
    old, new = facts("iris:1", files), facts("iris:2", files)
    blobs = model_blobs(old, files)
    manifest = replace(BENTO, models=tuple(BentoModelEntry(one.tag, one.digest) for one in (old, new)))
    artifact = write_bento(
        BENTO_FACTS, manifest, BENTO_BLOBS, {old.tag: (old, blobs), new.tag: (new, blobs)}, with_models=True
    )
    first, second = read(artifact).models
    assert len(artifact.blobs) == len(BENTO_BLOBS) + len(blobs)
    assert first.layers == second.layers


def test_several_names_may_stand_for_one_model() -> None:
    one = BentoModelEntry(IRIS_FACTS.tag, IRIS_FACTS.digest)
    manifest = replace(BENTO, models=(one, replace(one, alias="flowers")))
    artifact = write_bento(BENTO_FACTS, manifest, BENTO_BLOBS, MODELS, with_models=True)
    assert read(artifact).manifest == manifest
    assert len(read(artifact).models) == 1


@given(MANIFESTS, st.booleans())
def test_any_bento_is_read_back(manifest: BentoManifest, with_models: bool) -> None:
    artifact = write_bento(BENTO_FACTS, manifest, BENTO_BLOBS, MODELS, with_models=with_models)
    bento = read(artifact)
    assert bento.manifest == manifest
    assert bento.has_models == (with_models or not manifest.models)


def test_what_json_has_not_is_text() -> None:
    manifest = replace(BENTO, models=(), args={"since": date(2026, 3, 4), "limit": float("inf")})
    artifact = write_bento(BENTO_FACTS, manifest, BENTO_BLOBS, {}, with_models=False)
    assert read(artifact).manifest.args == {"since": "2026-03-04", "limit": "inf"}


def test_a_description_that_would_not_be_read_is_not_written() -> None:
    manifest = replace(BENTO, description="x" * 5_000_000)
    with pytest.raises(RemoteError, match="too large for a registry"):
        write_bento(BENTO_FACTS, manifest, BENTO_BLOBS, {}, with_models=False)


def test_names_that_nobody_could_pull_are_not_written() -> None:
    files = {"a": 1, "A": 1}
    blobs = model_blobs(IRIS_FACTS, files)
    held = {**MODELS, IRIS_FACTS.tag: (IRIS_FACTS, blobs)}
    with pytest.raises(RemoteError, match=r"`classifier:1\.0` cannot go"):
        write_bento(BENTO_FACTS, BENTO, blobs, MODELS, with_models=True)
    with pytest.raises(RemoteError, match=r"`iris:.*` cannot go"):
        write_bento(BENTO_FACTS, BENTO, BENTO_BLOBS, held, with_models=True)


CONFIG = WITH.config_content
ROW = ("models", 0)
WRONG_CONFIGS = {
    "a list": (b"[]", "no JSON object"),
    "nothing": (b"{}", "tells of no Bento"),
    "no service": (changed(CONFIG, "bento", "service"), "`service` in `bento.yaml` is missing"),
    "another name": (changed(CONFIG, "bento", "name", to="other"), "is that of `other`"),
    "a newer bento": (changed(CONFIG, "bento", "spec", to=99), "made by a newer ekiben"),
    "a model that leads out": (changed(CONFIG, "bento", "models", 0, "tag", to="../x:1"), "no name of a model"),
    "two contents of a model": (
        changed(CONFIG, "bento", "models", 1, to={"tag": str(IRIS_FACTS.tag), "digest": f"sha256:{'0' * 64}"}),
        "two contents",
    ),
    "a model less": (changed(CONFIG, "models", 1), "other models than bento.yaml"),
    "a model that the Bento does not need": (changed(CONFIG, *ROW, "tag", to="rose:1"), "does not name"),
    "a model of no version": (changed(CONFIG, *ROW, "tag", to="iris"), "names no version"),
    "no time": (changed(CONFIG, *ROW, "created", to="yesterday"), "no time"),
    "no size": (changed(CONFIG, *ROW, "size"), "`size`"),
    "more bytes than its layers": (changed(CONFIG, *ROW, "size", to=10**10), "more bytes than its layers"),
    "no layers": (changed(CONFIG, *ROW, "layers", to=[]), "layers that are none"),
    "a layer twice": (changed(CONFIG, *ROW, "layers", to=[2, 2]), "layers that are none"),
    "a layer that is no number": (changed(CONFIG, *ROW, "layers", to=[True]), "layers that are none"),
    "a layer that is not there": (changed(CONFIG, *ROW, "layers", to=[2, 10**30]), "does not fit its layers"),
    "a layer before the first": (changed(CONFIG, *ROW, "layers", to=[-1]), "does not fit its layers"),
    "a layer of the Bento": (changed(CONFIG, *ROW, "layers", to=[1, 2]), "more bytes than its layers"),
    "every layer": (changed(CONFIG, *ROW, "layers", to=[0, 1, 2]), "does not fit its layers"),
    "a layer of nobody": (changed(CONFIG, *ROW, "layers", to=[3]), "which ekiben does not make"),
}


@pytest.mark.parametrize(("config", "why"), WRONG_CONFIGS.values(), ids=WRONG_CONFIGS.keys())
def test_a_configuration_that_is_wrong_is_refused(config: bytes, why: str) -> None:
    with pytest.raises(RemoteError, match=why) as refused:
        read_bento(*with_config(config), WHAT)
    assert str(refused.value).startswith(WHAT)


def test_a_layer_of_the_bento_is_none_of_a_model() -> None:
    content = changed(WITH.content, "annotations", "io.ekiben.size", to="1")
    config = changed(CONFIG, *ROW, "layers", to=[1, 2])
    with pytest.raises(RemoteError, match="which ekiben does not make"):
        read_bento(*with_config(config, content), WHAT)


WRONG_MANIFESTS = {
    "no facts": (("annotations",), {}, "says of no Bento which it is"),
    "another digest's configuration": (("config", "digest"), f"sha256:{'0' * 64}", "configuration is not"),
    "more bytes": (("annotations", "io.ekiben.size"), str(200 * MIB), "to have more bytes than its layers"),
    "a layer of a model": (("layers", 0, "mediaType"), "application/vnd.cncf.model.code.v1.tar", "does not make"),
    "a path that leads out": (("layers", 1, "annotations", "io.ekiben.path"), "../../x", "leads out"),
    "a part of no file": (("layers", 1, "annotations", "io.ekiben.path"), "", "the name `` is empty"),
    "a part that does not fit": (
        ("layers", 1, "annotations", "io.ekiben.part"),
        f"0 {10**10} {Digest.of_bytes(b'').hex}",
        r"io\.ekiben\.part",
    ),
    "no layers": (("layers",), [], "does not fit its layers"),
}


@pytest.mark.parametrize(("path", "value", "why"), WRONG_MANIFESTS.values(), ids=WRONG_MANIFESTS.keys())
def test_a_manifest_that_is_wrong_is_refused(path: tuple[str | int, ...], value: object, why: str) -> None:
    with pytest.raises(RemoteError, match=why):
        read_bento(changed(WITH.content, *path, to=value), WITH.config_content, WHAT)


def test_a_layer_that_is_there_twice_is_refused() -> None:
    layers = json.loads(WITH.content)["layers"]
    content = changed(WITH.content, "layers", to=[*layers, layers[0]])
    with pytest.raises(RemoteError, match="is there twice"):
        read_bento(content, WITH.config_content, WHAT)


@given(VALUES, st.sampled_from(["bento", "models"]))
def test_any_configuration_is_read_or_refused_in_words(value: object, name: str) -> None:
    config = changed(CONFIG, name, to={} if value is None else value)
    with pytest.raises(RemoteError):
        read_bento(*with_config(config), WHAT)


def test_models_are_in_the_order_of_their_tags_however_they_come() -> None:
    backwards: Mapping[Tag, object] = dict(reversed(MODELS.items()))
    assert list(backwards) != list(MODELS)
    again = write_bento(BENTO_FACTS, BENTO, BENTO_BLOBS, dict(reversed(MODELS.items())), with_models=True)
    assert again == WITH
