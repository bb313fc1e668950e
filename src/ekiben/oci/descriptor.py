"""`Descriptor`: what a document says of another blob; `Platform`: what an image runs on.

Source: OCI image-spec descriptor.md and image-index.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ekiben.digest import Digest
from ekiben.errors import ImageError, InvalidDigest
from ekiben.oci.json_object import Fields, present

_PART = re.compile(r"[a-z0-9][a-z0-9_.-]*")
# What a processor is called without its variant: the variant says nothing then (containerd's platforms package).
_PLAIN_VARIANTS = {"arm64": "v8", "amd64": "v1"}
_UNKNOWN = "unknown"  # how BuildKit marks what is in an index and is no image: its attestations


@dataclass(frozen=True, slots=True)
class Platform:
    """`linux/amd64`, `linux/arm/v7`: operating system, processor and its variant, in Go's words."""

    os: str
    architecture: str
    variant: str = ""
    others: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Platform:
        """The platform that `os/architecture[/variant]` spells. Raises ImageError."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(_PART.fullmatch(part) for part in parts):
            raise ImageError(f"`{text}` is no platform", hint="write `linux/amd64` or `linux/arm64`")
        return cls(parts[0], parts[1], parts[2] if len(parts) == 3 else "")

    @classmethod
    def of_fields(cls, fields: Fields) -> Platform:
        """The platform of a descriptor in an index."""
        return cls(
            os=fields.needed_text("os"),
            architecture=fields.needed_text("architecture"),
            variant=fields.text("variant"),
            others=fields.rest(),
        )

    def to_fields(self) -> dict[str, object]:
        """As a descriptor in an index has it."""
        return {**self.others, **present(os=self.os, architecture=self.architecture, variant=self.variant)}

    @property
    def is_known(self) -> bool:
        """Whether an image can have it: what is no image is marked by a platform that nothing has."""
        return _UNKNOWN not in (self.os, self.architecture)

    @property
    def plain(self) -> Platform:
        """The same in its shortest spelling: `linux/arm64/v8` is `linux/arm64`."""
        is_plain = _PLAIN_VARIANTS.get(self.architecture) == self.variant
        return Platform(self.os, self.architecture, "" if is_plain else self.variant)

    def takes(self, image: Platform) -> bool:
        """Whether an image for `image` is what is meant here; without a variant, one with any is."""
        asked, its = self.plain, image.plain
        return asked == its or (not asked.variant and asked == Platform(its.os, its.architecture))

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob by digest and size; `others` are fields that are not acted on, and kept."""

    media_type: str
    digest: Digest
    size_bytes: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    artifact_type: str = ""
    others: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of_bytes(cls, content: bytes, media_type: str) -> Descriptor:
        """The descriptor of `content`."""
        return cls(media_type, Digest.of_bytes(content), len(content))

    @classmethod
    def of_fields(cls, fields: Fields) -> Descriptor:
        """The descriptor in a manifest or index. Raises ImageError."""
        platform = fields.fields("platform")
        return cls(
            media_type=fields.needed_text("mediaType"),
            digest=digest_of(fields, fields.needed_text("digest")),
            size_bytes=fields.needed_number("size"),
            annotations=fields.mapping("annotations"),
            platform=Platform.of_fields(platform) if platform else None,
            artifact_type=fields.text("artifactType"),
            others=fields.rest(),
        )

    def to_fields(self) -> dict[str, object]:
        """As it stands in a manifest or index."""
        return {
            **self.others,
            **present(
                mediaType=self.media_type,
                digest=str(self.digest),
                size=self.size_bytes,
                annotations=dict(self.annotations),
                platform=self.platform.to_fields() if self.platform else None,
                artifactType=self.artifact_type,
            ),
        }


def digest_of(fields: Fields, text: object) -> Digest:
    """The sha256 that `text`, a value out of `fields`, spells. Raises ImageError."""
    try:
        return Digest.parse(text if isinstance(text, str) else "")
    except InvalidDigest as error:
        raise fields.error(f"names a blob by `{text}`, which is no sha256") from error
