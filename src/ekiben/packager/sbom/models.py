"""Models as CycloneDX components of the type `machine-learning-model`, each with its card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.frameworks.huggingface import hub_origin
from ekiben.packager.sbom.card import first_text, model_card, texts_at
from ekiben.packager.sbom.fields import Fields, component, hashes, properties
from ekiben.packager.sbom.licences import licences
from ekiben.packager.sbom.purl import package_url
from ekiben.store.model_manifest import ModelManifest
from ekiben.store.sums import SUMS
from ekiben.tag import Tag


@dataclass(frozen=True, slots=True)
class BilledModel:
    """A model of the Bento: its exact tag, the digest of its SHA256SUMS, the other names it is looked up by, and what
    it says of itself."""

    tag: Tag
    digest: Digest
    manifest: ModelManifest
    aliases: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """What the bill calls it."""
        return f"ekiben:model/{self.tag}"


def model_component(model: BilledModel) -> Fields:
    """The model. Its hash is its address: of the SHA256SUMS in its folder, which has every file's."""
    manifest = model.manifest
    return component(
        "machine-learning-model",
        model.reference,
        model.tag.name,
        authors=[{"name": name} for name in texts_at(manifest.metadata, "author", "authors")],
        version=model.tag.version,
        description=first_text(manifest.metadata, "description"),
        purl=_package_url(manifest),
        hashes=hashes([str(model.digest)]),
        licenses=licences(first_text(manifest.metadata, "license", "licence")),
        modelCard=model_card(manifest),
        properties=properties(_facts(model)),
    )


def _package_url(manifest: ModelManifest) -> str | None:
    """The name by which scanners know a model of the hub (purl-spec, type `huggingface`)."""
    origin = hub_origin(manifest)
    if origin is None:
        return None
    namespace, _, name = origin[0].rpartition("/")
    return package_url("huggingface", name, origin[1], namespace=namespace)


def _facts(model: BilledModel) -> Iterable[tuple[str, object]]:
    yield "digest-of", SUMS
    yield "module", model.manifest.module
    if version := model.manifest.context.ekiben_version:
        yield "saved-with", f"ekiben {version}"
    for alias in model.aliases:
        yield "alias", alias
    for name, value in model.manifest.labels.items():
        yield f"label:{name}", value
