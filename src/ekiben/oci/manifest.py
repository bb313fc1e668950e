"""`Manifest`: what an image is made of, by descriptors.

Source: OCI image-spec manifest.md; Docker's schema 2 reads alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
        optional = present(
            annotations=dict(self.annotations),
            artifactType=self.artifact_type,
            subject=self.subject.to_fields() if self.subject else None,
        )
        return canonical(
            {
                **self.others,
                "schemaVersion": _VERSION,
                "mediaType": self.media_type,
                "config": self.config.to_fields(),
                "layers": [layer.to_fields() for layer in self.layers],
                **optional,
            }
        )


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
