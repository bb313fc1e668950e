"""What is told of an item at a remote, from its documents alone: in the shape that `list` and `get` have of the
store's, with `ref` in the place of the path. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ekiben.oci.descriptor import Descriptor
from ekiben.store.receipt import format_time
from ekiben.store.remote.artifacts.artifact import ArtifactLayer
from ekiben.store.remote.artifacts.bento_artifact import BentoArtifact
from ekiben.store.remote.artifacts.modelpack import ModelArtifact
from ekiben.store.remote.documents import Documents
from ekiben.tag import Tag


def tag_of(found: Documents) -> Tag:
    """What it is called; one that another tool made is called as it is found."""
    facts = found.standing.facts
    return facts.tag if facts else found.target.tag


def size_of(found: Documents) -> int:
    """What its files take; of one that another tool made, what its layers do."""
    facts = found.standing.facts
    return facts.size_bytes if facts else sum(one.size_bytes for one in _blobs(found))


def module_of(found: Documents) -> str:
    """The module that loads a model, where it is told."""
    module = found.artifact.about.get("module") if isinstance(found.artifact, ModelArtifact) else None
    return module if isinstance(module, str) else ""


def to_row(found: Documents) -> dict[str, object]:
    """What `list` tells of it."""
    if isinstance(found.artifact, BentoArtifact):
        manifest = found.artifact.manifest
        models = [{"tag": str(one.tag), "digest": str(one.digest)} for one in found.artifact.models]
        return _shown(found, {"service": manifest.service, "labels": dict(manifest.labels), "models": models})
    return _shown(found, {"module": module_of(found), "labels": found.artifact.about.get("labels", {})})


def to_dict(found: Documents) -> dict[str, object]:
    """All that its manifest and configuration tell: what `get` prints."""
    layers = [_layer(one) for one in _layers(found)]
    if isinstance(found.artifact, BentoArtifact):
        content = found.artifact.manifest.to_dict()
        return {**_shown(found, content), "has_models": found.artifact.has_models, "layers": layers}
    description = {"description": found.artifact.description.to_dict()}
    return {**_shown(found, {**found.artifact.about, **description}), "layers": layers}


def _shown(found: Documents, content: Mapping[str, object]) -> dict[str, object]:
    tag, facts, manifest = tag_of(found), found.standing.facts, found.standing.fetched.descriptor.digest
    target = replace(found.target, version=tag.version, digest=manifest)
    return {
        "tag": str(tag),
        "name": tag.name,
        "version": tag.version,
        **{key: value for key, value in content.items() if key != "name"},
        "created": format_time(facts.created) if facts else None,
        "digest": str(facts.digest) if facts else None,
        "size_bytes": size_of(found),
        "ref": str(target),
        "manifest_digest": str(manifest),
    }


def _layers(found: Documents) -> Iterable[ArtifactLayer]:
    if isinstance(found.artifact, BentoArtifact):
        return (*found.artifact.layers, *(layer for one in found.artifact.models for layer in one.layers or ()))
    return found.artifact.layers


def _blobs(found: Documents) -> Iterable[Descriptor]:
    return {one.blob.digest: one.blob for one in _layers(found)}.values()


def _layer(layer: ArtifactLayer) -> dict[str, object]:
    path = {"path": layer.path} if layer.path else {}
    return {"digest": str(layer.blob.digest), "size_bytes": layer.blob.size_bytes, **path}
