"""`Image`: a manifest, its configuration, and the place to read their blobs from.

Layouts, archives, registries and blob stores are places alike: each opens a blob by its digest.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.blobs import Layer
from ekiben.oci.config import ImageConfig
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import LAYERS, OCI_CONFIG, OCI_MANIFEST


class BlobSource(Protocol):
    """Where blobs are read from, by several threads at once."""

    def open(self, digest: Digest) -> BinaryIO:
        """The blob's bytes from the beginning. Raises NotFound where there is none."""


@runtime_checkable
class FileSource(BlobSource, Protocol):
    """A source whose blobs may be files, which can be linked instead of copied."""

    def path_of(self, digest: Digest) -> Path | None:
        """The file that holds the blob and nothing else, if it is anywhere; None where no file does."""


@dataclass(frozen=True, slots=True)
class JoinedSource:
    """Blobs at hand as bytes, blobs of several sources, and all others in `rest`."""

    contents: Mapping[Digest, bytes] = field(default_factory=dict)
    sources: Mapping[Digest, BlobSource] = field(default_factory=dict)
    rest: BlobSource | None = None

    def open(self, digest: Digest) -> BinaryIO:
        """The blob from where it is. Raises NotFound where that is nowhere."""
        if digest in self.contents:
            return io.BytesIO(self.contents[digest])
        source = self.sources.get(digest, self.rest)
        if source is None:
            raise NotFound(f"the blob `{digest}` is nowhere to be read")
        return source.open(digest)

    def path_of(self, digest: Digest) -> Path | None:
        """The file of a blob whose source has files."""
        source = None if digest in self.contents else self.sources.get(digest, self.rest)
        return source.path_of(digest) if isinstance(source, FileSource) else None


@dataclass(frozen=True, slots=True)
class Image:
    """An image of one platform. `original` are the bytes that `manifest` was read from, where it was read: written
    again, they keep the image's digest.

    Raises ImageError where the manifest and the configuration do not fit each other, or where a layer is of a kind that
    engines do not unpack.
    """

    manifest: Manifest
    config: ImageConfig
    source: BlobSource = field(compare=False, repr=False)
    original: bytes | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        layers, diff_ids = self.manifest.layers, self.config.diff_ids
        if len(layers) != len(diff_ids):
            raise ImageError(f"the image has {len(layers)} layers, and its configuration tells of {len(diff_ids)}")
        for layer in layers:
            if layer.media_type not in LAYERS:
                raise ImageError(f"the image has a layer of type `{layer.media_type}`, which no engine unpacks")
        if self.original is not None and Manifest.parse(self.original) != self.manifest:
            raise ValueError("these are not the bytes of this manifest")

    @property
    def content(self) -> bytes:
        """The manifest's bytes."""
        return self.manifest.to_bytes() if self.original is None else self.original

    @property
    def descriptor(self) -> Descriptor:
        """The manifest's, with the platform: as it stands in an index."""
        content = self.content
        return Descriptor(
            self.manifest.media_type, Digest.of_bytes(content), len(content), platform=self.config.platform
        )

    @property
    def digest(self) -> Digest:
        """The manifest's: what a registry knows the image by."""
        return self.descriptor.digest

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers bottom up, each with the digest of its tar."""
        pairs = zip(self.manifest.layers, self.config.diff_ids, strict=True)
        return tuple(Layer(one.digest, one.size_bytes, diff_id, one.media_type) for one, diff_id in pairs)

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """What `source` has to hold: the layers and the configuration, each once."""
        return tuple({one.digest: one for one in (*self.manifest.layers, self.manifest.config)}.values())


def make_image(
    config: ImageConfig,
    layers: tuple[Descriptor, ...],
    source: BlobSource | None,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """The image of `config` and `layers`, whose blobs are in `source`; it holds the configuration's bytes itself."""
    content = config.to_bytes()
    described = Descriptor.of_bytes(content, OCI_CONFIG)
    manifest = Manifest(described, layers, annotations or {}, OCI_MANIFEST)
    return Image(manifest, config, JoinedSource({described.digest: content}, rest=source))


def read_image(content: bytes, source: BlobSource, what: str = "the image") -> Image:
    """The image whose manifest is `content`, with the configuration as `source` has it. Raises ImageError, calling it
    `what`, for what is no image, or not what its digests say."""
    manifest = Manifest.parse(content, f"the manifest of {what}")
    name = f"the configuration of {what}"
    config = ImageConfig.parse(read_document(manifest.config, source, name), name)
    return Image(manifest, config, source, content)


def read_document(descriptor: Descriptor, source: BlobSource, what: str) -> bytes:
    """A manifest, index or configuration, as its descriptor says. Raises ImageError, calling it `what`."""
    if descriptor.size_bytes > MAX_BYTES:
        raise ImageError(f"{what} is larger than {MAX_BYTES} bytes")
    with source.open(descriptor.digest) as stream:
        content = stream.read(MAX_BYTES + 1)
    if Digest.of_bytes(content) != descriptor.digest:
        raise ImageError(f"{what} is not what its digest `{descriptor.digest}` says")
    return content
