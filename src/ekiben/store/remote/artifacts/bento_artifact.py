"""A Bento as an artifact of ekiben's own type: its blobs, then, with models, theirs.

A model's layers are the very descriptors of the model's own artifact, so that one blob serves both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.errors import ImageError, RemoteError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.manifest import Manifest
from ekiben.store.archive.limits import Limits
from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.remote.artifacts.artifact import Artifact, ArtifactLayer, ItemFacts
from ekiben.store.remote.artifacts.bento_config import (
    HeldModel,
    digests_of_models,
    format_bento_config,
    parse_bento_config,
)
from ekiben.store.remote.artifacts.facts import format_facts, parse_facts
from ekiben.store.remote.artifacts.layers import (
    bento_descriptor,
    check_unique,
    model_descriptor,
    read_bento_layers,
    read_model_layers,
)
from ekiben.store.remote.artifacts.refusals import (
    check_amount,
    check_config,
    check_names,
    check_size,
    checked,
    refusing,
)
from ekiben.store.remote.item_blobs import ItemBlob
from ekiben.tag import Tag

BENTO_TYPE = "application/vnd.ekiben.bento.manifest.v1+json"
BENTO_CONFIG_TYPE = "application/vnd.ekiben.bento.config.v1+json"


@dataclass(frozen=True, slots=True)
class ModelOfBento:
    """A model that a Bento needs. `facts` and `layers` are there where its files are in the Bento's artifact."""

    tag: Tag
    digest: Digest
    facts: ItemFacts | None = None
    layers: tuple[ArtifactLayer, ...] | None = None


@dataclass(frozen=True, slots=True)
class BentoArtifact:
    """A Bento in a registry: `layers` are its own."""

    facts: ItemFacts
    manifest: BentoManifest
    layers: tuple[ArtifactLayer, ...]
    models: tuple[ModelOfBento, ...]

    @property
    def has_models(self) -> bool:
        """Whether every model that it needs is in it."""
        return all(one.layers is not None for one in self.models)


def write_bento(
    facts: ItemFacts,
    manifest: BentoManifest,
    blobs: Sequence[ItemBlob],
    models: Mapping[Tag, tuple[ItemFacts, Sequence[ItemBlob]]],
    with_models: bool,
) -> Artifact:
    """The artifact of a Bento: the same bytes whoever writes them. Without models, `models` may be empty.

    Raises RemoteError where it is too large for a registry, or where nobody would take the names of its files.
    """
    check_names(blobs, f"`{facts.tag}`")
    own = tuple(map(bento_descriptor, blobs))
    places = {one.digest: place for place, one in enumerate(own)}
    layers = list(own)
    held = []
    for tag in sorted(digests_of_models(manifest)) if with_models else ():
        model, model_blobs = models[tag]
        check_names(model_blobs, f"`{tag}`")
        descriptors = list(map(model_descriptor, model_blobs))
        for one in descriptors:
            if one.digest not in places:
                places[one.digest] = len(layers)
                layers.append(one)
        held.append(HeldModel(model, tuple(places[one.digest] for one in descriptors)))
    content = format_bento_config(manifest, held)
    config = Descriptor.of_bytes(content, BENTO_CONFIG_TYPE)
    written = Manifest(config, tuple(layers), format_facts(facts), artifact_type=BENTO_TYPE)
    return checked(Artifact(written.to_bytes(), written.media_type, content, config, tuple(layers)), f"`{facts.tag}`")


def read_bento(content: bytes, config_content: bytes, what: str, limits: Limits | None = None) -> BentoArtifact:
    """The Bento whose manifest and configuration these are; `what` names it in errors. Raises RemoteError."""
    with refusing(what):
        manifest = Manifest.parse(content, "its manifest")
        check_config(manifest, config_content, what)
        check_amount(manifest.layers, limits or Limits(), what)
        check_unique(manifest.layers)
        facts = parse_facts(manifest.annotations)
        if facts is None:
            raise RemoteError(f"{what} is refused: it says of no Bento which it is")
        bento, held = parse_bento_config(config_content, "its configuration")
        if bento.name != facts.tag.name:
            raise ImageError(f"its configuration is that of `{bento.name}`, and its manifest of `{facts.tag}`")
        own = _own_layers(manifest.layers, held)
        layers = read_bento_layers(own)
        check_size(facts, own)
        return BentoArtifact(facts, bento, layers, _models(bento, manifest.layers, held))


def _own_layers(layers: Sequence[Descriptor], held: Sequence[HeldModel]) -> Sequence[Descriptor]:
    """The layers up to the first of a model. Raises ImageError where the others are not all of models."""
    places = {place for one in held for place in one.layers}
    first = min(places, default=len(layers))
    if first <= 0 or places != set(range(first, len(layers))):
        raise ImageError("its configuration does not fit its layers")
    return layers[:first]


def _models(bento: BentoManifest, layers: Sequence[Descriptor], held: Sequence[HeldModel]) -> tuple[ModelOfBento, ...]:
    by_tag = {one.facts.tag: one for one in held}
    found = []
    for tag, digest in sorted(digests_of_models(bento).items()):
        one = by_tag.get(tag)
        if one is None:
            found.append(ModelOfBento(tag, digest))
            continue
        its = [layers[place] for place in one.layers]
        check_size(one.facts, its)
        found.append(ModelOfBento(tag, digest, one.facts, read_model_layers(its)))
    return tuple(found)
