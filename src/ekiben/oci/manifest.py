"""`Manifest`: what an image is made of, by descriptors.

Source: OCI image-spec manifest.md; Docker's schema 2 reads alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ekiben.oci.descriptor import Descriptor
from ekiben.oci.json_object import Fields, canonical, present
from ekiben.oci.media_types import INDEXES, MANIFESTS, OCI_MANIFEST

_VERSION = 2


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest; `layers` bottom up. `others` are fields that are not acted on, and kept."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    media_type: str = OCI_MANIFEST
    artifact_type: str = ""
    subject: Descriptor | None = None
    others: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def parse(cls, content: bytes, what: str = "the image's manifest") -> Manifest:
        """The manifest that `content` spells. Raises ImageError, calling it `what`."""
        fields = Fields.parse(content, what)
        media_type = document_type(fields, default=OCI_MANIFEST)
        if media_type not in MANIFESTS:
            raise fields.error(f"is of type `{media_type}`, which is no manifest of an image")
        config, subject = fields.fields("config"), fields.fields("subject")
        if config is None:
            raise fields.error("names no configuration")
        return cls(
            config=Descriptor.of_fields(config),
            layers=tuple(Descriptor.of_fields(layer) for layer in fields.listed("layers")),
            annotations=fields.mapping("annotations"),
            media_type=media_type,
            artifact_type=fields.text("artifactType"),
            subject=Descriptor.of_fields(subject) if subject else None,
            others=fields.rest(),
        )

    def to_bytes(self) -> bytes:
        """As canonical JSON."""
        layers = [layer.to_fields() for layer in self.layers]
        return canonical({**frame_fields(self), "config": self.config.to_fields(), "layers": layers})


class Framed(Protocol):
    """What manifests and indexes have in common."""

    @property
    def media_type(self) -> str: ...
    @property
    def artifact_type(self) -> str: ...
    @property
    def annotations(self) -> Mapping[str, str]: ...
    @property
    def subject(self) -> Descriptor | None: ...
    @property
    def others(self) -> Mapping[str, object]: ...


def frame_fields(document: Framed) -> dict[str, object]:
    """The fields of JSON that say it."""
    optional = present(
        annotations=dict(document.annotations),
        artifactType=document.artifact_type,
        subject=document.subject.to_fields() if document.subject else None,
    )
    return {**document.others, "schemaVersion": _VERSION, "mediaType": document.media_type, **optional}


def document_type(fields: Fields, default: str) -> str:
    """The media type that a manifest or index says it has; OCI lets it be absent. Raises ImageError for what is older
    than schema 2, and for one that is both."""
    version = fields.number("schemaVersion")
    if version != _VERSION:
        raise fields.error(
            f"is of schema version {version or 'none'}, and 2 is needed",
            hint="push the image again with a builder of this decade",
        )
    return fields.text("mediaType") or default


def is_index(content: bytes, what: str = "the manifest") -> bool:
    """Whether `content` is an index and no manifest, by what it says of itself. Raises ImageError."""
    fields = Fields.parse(content, what)
    media_type = fields.text("mediaType")
    return media_type in INDEXES if media_type else "manifests" in fields.rest()
