"""A model as a CNCF ModelPack artifact: what ekiben writes, and what it and other tools' artifacts are read as.

Source: CNCF ModelPack (modelpack/model-spec), docs/spec.md. What model.yaml says beyond that is an annotation of the
manifest, so that it can be shown without fetching a layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ekiben.errors import ImageError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.json_object import Fields, canonical
from ekiben.oci.manifest import Manifest
from ekiben.store.archive.limits import Limits
from ekiben.store.model_manifest import ModelManifest
from ekiben.store.remote.artifacts.artifact import Artifact, ArtifactLayer, ItemFacts
from ekiben.store.remote.artifacts.facts import format_facts, parse_facts
from ekiben.store.remote.artifacts.foreign import read_foreign_layers
from ekiben.store.remote.artifacts.layers import check_unique, model_descriptor, read_model_layers
from ekiben.store.remote.artifacts.model_config import (
    ModelDescription,
    check_description,
    describe_model,
    format_config,
    parse_config,
)
from ekiben.store.remote.artifacts.plain_json import jsonable
from ekiben.store.remote.artifacts.refusals import (
    check_amount,
    check_config,
    check_names,
    check_size,
    checked,
    refusing,
)
from ekiben.store.remote.item_blobs import ItemBlob, model_place

MODEL_TYPE = "application/vnd.cncf.model.manifest.v1+json"
MODEL_CONFIG_TYPE = "application/vnd.cncf.model.config.v1+json"
ABOUT = "io.ekiben.model"
_MAX_ABOUT_BYTES = 64 * 1024  # metadata may hold a confusion matrix; registries bound manifests, and lists read many


@dataclass(frozen=True, slots=True)
class ModelArtifact:
    """A model in a registry. `facts` is None for one that another tool made: its digest is known when its files are.

    `place` is the folder of the layers' tars that the files lie in, empty where they lie at the top. `about` is what
    model.yaml says beyond its name: module, labels, metadata and so on, where ekiben made it.
    """

    facts: ItemFacts | None
    layers: tuple[ArtifactLayer, ...]
    description: ModelDescription
    place: str = ""
    about: Mapping[str, object] = field(default_factory=dict)


def write_model(facts: ItemFacts, manifest: ModelManifest, blobs: Sequence[ItemBlob]) -> Artifact:
    """The artifact of a model: the same bytes whoever writes them.

    Raises RemoteError where it is too large for a registry, or where nobody would take the names of its files.
    """
    check_names(blobs, f"`{facts.tag}`")
    layers = tuple(map(model_descriptor, blobs))
    paths = [file.path for one in blobs for file in one.pack.files]
    content = format_config(describe_model(facts.tag, manifest, paths), [one.digest for one in layers])
    config = Descriptor.of_bytes(content, MODEL_CONFIG_TYPE)
    annotations = {**format_facts(facts), **_format_about(manifest)}
    written = Manifest(config, layers, annotations, artifact_type=MODEL_TYPE)
    return checked(Artifact(written.to_bytes(), written.media_type, content, config, layers), f"`{facts.tag}`")


def read_model(content: bytes, config_content: bytes, what: str, limits: Limits | None = None) -> ModelArtifact:
    """The model whose manifest and configuration these are; `what` names it in errors. Raises RemoteError."""
    with refusing(what):
        manifest = Manifest.parse(content, "its manifest")
        check_config(manifest, config_content, what)
        check_amount(manifest.layers, limits or Limits(), what)
        facts = parse_facts(manifest.annotations)
        description, diff_ids = parse_config(config_content, "its configuration")
        if facts is None:
            return ModelArtifact(None, read_foreign_layers(manifest.layers), description)
        check_unique(manifest.layers)
        layers = read_model_layers(manifest.layers)
        check_description(facts.tag, description)
        if diff_ids != tuple(str(one.digest) for one in manifest.layers):
            raise ImageError("its configuration tells of other layers than its manifest")
        check_size(facts, manifest.layers)
        return ModelArtifact(facts, layers, description, model_place(facts.tag), _parse_about(manifest.annotations))


def _format_about(manifest: ModelManifest) -> dict[str, str]:
    told = jsonable(manifest.to_dict())
    kept = {key: value for key, value in told.items() if value and key not in ("name", "api_version", "context")}
    if manifest.context.framework_name:
        kept["context"] = told["context"]
    text = canonical(kept).decode()
    return {ABOUT: text} if kept and len(text) <= _MAX_ABOUT_BYTES else {}


def _parse_about(annotations: Mapping[str, str]) -> Mapping[str, object]:
    text = annotations.get(ABOUT)
    return Fields.parse(text.encode(), f"its annotation `{ABOUT}`").rest() if text else {}
