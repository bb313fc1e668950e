"""`Index`: several manifests under one digest, one a platform. Source: OCI image-spec image-index.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ekiben.errors import ImageError
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.json_object import Fields, canonical
from ekiben.oci.manifest import document_type, frame_fields
from ekiben.oci.media_types import INDEXES, OCI_INDEX


@dataclass(frozen=True, slots=True)
class Index:
    """An index, whose order says what is preferred. `others` are fields that are not acted on, and kept."""

    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    media_type: str = OCI_INDEX
    artifact_type: str = ""
    subject: Descriptor | None = None
    others: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def parse(cls, content: bytes, what: str = "the image's index") -> Index:
        """The index that `content` spells. Raises ImageError, calling it `what`."""
        fields = Fields.parse(content, what)
        media_type = document_type(fields, default=OCI_INDEX)
        if media_type not in INDEXES:
            raise fields.error(f"is of type `{media_type}`, which is no index of images")
        subject = fields.fields("subject")
        return cls(
            manifests=tuple(Descriptor.of_fields(one) for one in fields.listed("manifests")),
            annotations=fields.mapping("annotations"),
            media_type=media_type,
            artifact_type=fields.text("artifactType"),
            subject=Descriptor.of_fields(subject) if subject else None,
            others=fields.rest(),
        )

    def to_bytes(self) -> bytes:
        """As canonical JSON; the manifests keep their order."""
        return canonical({**frame_fields(self), "manifests": [one.to_fields() for one in self.manifests]})

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """What there are images for."""
        return tuple(one.platform for one in self.manifests if one.platform and one.platform.is_known)

    def choose(self, platform: Platform | None, what: str = "the image") -> Descriptor:
        """The manifest for `platform`; the only one where none is asked for.

        A platform without a variant takes one with any where there is no plain one. Raises ImageError, calling the
        index `what`, where nothing fits, or several do.
        """
        fitting = {one.digest: one for one in _fitting(self.manifests, platform)}
        if len(fitting) == 1:
            return next(iter(fitting.values()))
        there = ", ".join(f"`{one}`" for one in dict.fromkeys(map(str, self.platforms))) or "none that says so"
        if fitting:
            raise ImageError(f"{what} is several images, for {there}", hint="say for which platform")
        asked = f"`{platform}`" if platform else "any platform"
        raise ImageError(f"{what} has no image for {asked}; it has {there}", hint="take one that has")


def _fitting(manifests: tuple[Descriptor, ...], platform: Platform | None) -> list[Descriptor]:
    """Those of the nearest kind: for the platform itself (the first is preferred), for a variant of it, or for none
    that anybody told."""
    images = [one for one in manifests if one.platform is None or one.platform.is_known]
    if platform is None:
        return images
    exact = [one for one in images if one.platform and one.platform.plain == platform.plain]
    near = [one for one in images if one.platform and platform.takes(one.platform)]
    return exact[:1] or near or [one for one in images if one.platform is None]
