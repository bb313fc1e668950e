"""`DockerArchive`: reads what `docker save` writes, of every age, and what other builders write in its form.

Old engines give each layer a folder; new ones lay their blobs out as OCI does. Both have the `manifest.json` that
counts here. Nothing is unpacked: a blob is a stretch of the file, and held to its digest while it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.config import ImageConfig
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.image import Image, JoinedSource, read_document, read_image
from ekiben.oci.index import Index
from ekiben.oci.json_object import Fields
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import INDEXES, MANIFESTS, OCI_CONFIG, LayerForm, layer_type
from ekiben.oci.reference import Reference
from ekiben.oci.stretches import Stretch, StretchSource, digest_stretch, find_stretches, read_stretch

_BLOBS = "blobs/sha256/"
_HEX = re.compile("[0-9a-f]{64}")
_DEEPEST = 3  # indexes in indexes
_LONGEST_SIGN = 4  # bytes at the beginning of what is packed
_FORMS: tuple[tuple[bytes, LayerForm], ...] = ((b"\x1f\x8b", "tar+gzip"), (b"\x28\xb5\x2f\xfd", "tar+zstd"))


@dataclass(frozen=True, slots=True)
class _Listed:
    """An image as `manifest.json` has it: the path and content of its configuration, paths of layers, names."""

    config: ImageConfig
    config_content: bytes
    layers: tuple[str, ...]
    names: tuple[str, ...]


class DockerArchive:
    """The images in the archive `path`. Raises ImageError where it is none, and OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stretches = find_stretches(path)
        if "manifest.json" not in self._stretches:
            raise ImageError(
                f"`{path}` is no archive of `docker save`: it has no manifest.json",
                hint="unpack an archive of an OCI layout into a folder, and name it as `oci:DIR`",
            )
        listed = Fields.parse_list(self._read("manifest.json"), f"manifest.json of `{path}`")
        self._listed = tuple(self._listed_image(fields) for fields in listed)

    @property
    def names(self) -> tuple[str, ...]:
        """What its images are called, as the archive spells it."""
        return tuple(name for listed in self._listed for name in listed.names)

    def image(self, reference: Reference | None = None, platform: Platform | None = None) -> Image:
        """The image called `reference`, or the only one; for `platform` where that tells several apart.

        Where the archive has no OCI manifest of it, one is made of the layers as they lie there. Raises ImageError
        where there is none or more than one, and for one that is not what its digests say.
        """
        what = f"`{reference.familiar}` in `{self._path}`" if reference else f"`{self._path}`"
        asked = {reference.tagged().familiar, str(reference.tagged())} if reference else set()
        found = [listed for listed in self._listed if not asked or asked & set(listed.names)]
        fitting = [one for one in found if platform is None or platform.takes(one.config.platform)]
        if len({one.config_content for one in fitting}) == 1:
            return self._image(fitting[0], what)
        names = ", ".join(f"`{name}`" for name in self.names) or "none with a name"
        if fitting:
            raise ImageError(f"{what} holds several images: {names}", hint="say which: `docker-archive:FILE:NAME`")
        if found:
            raise ImageError(f"{what} is for `{found[0].config.platform}`, not for `{platform}`")
        raise ImageError(f"there is no image {what}: {names} is there")

    def _image(self, listed: _Listed, what: str) -> Image:
        config = Descriptor.of_bytes(listed.config_content, OCI_CONFIG)
        return self._laid_out(config, what) or self._made_up(listed, config, what)

    def _laid_out(self, config: Descriptor, what: str) -> Image | None:
        """The image of that configuration, where its manifest is here and all that this names."""
        blobs = self._blobs()
        for content in self._manifests(blobs, what):
            manifest = Manifest.parse(content, f"a manifest in {what}")
            is_whole = all(layer.digest in blobs.stretches for layer in manifest.layers)
            if is_whole and manifest.config.digest == config.digest:
                return read_image(content, blobs, what)
        return None

    def _made_up(self, listed: _Listed, config: Descriptor, what: str) -> Image:
        """An image of the layers as they lie there."""
        if len(listed.layers) != len(listed.config.diff_ids):
            raise ImageError(f"{what} has {len(listed.layers)} layers, and its configuration other ones")
        stretches = [self._stretch(path) for path in listed.layers]
        pairs = zip(stretches, listed.config.diff_ids, strict=True)
        layers = tuple(self._layer(stretch, diff_id) for stretch, diff_id in pairs)
        by_digest = {layer.digest: stretch for layer, stretch in zip(layers, stretches, strict=True)}
        source = JoinedSource({config.digest: listed.config_content}, rest=StretchSource(self._path, by_digest))
        return Image(Manifest(config, layers), listed.config, source)

    def _layer(self, stretch: Stretch, diff_id: Digest) -> Descriptor:
        """A layer as it lies there: a tar, whose digest the configuration knows, or packed."""
        start = read_stretch(self._path, Stretch(stretch.offset, min(stretch.size_bytes, _LONGEST_SIGN)))
        form = next((form for sign, form in _FORMS if start.startswith(sign)), None)
        digest = digest_stretch(self._path, stretch) if form else diff_id
        return Descriptor(layer_type(form or "tar"), digest, stretch.size_bytes)

    def _manifests(self, blobs: StretchSource, what: str) -> Iterator[bytes]:
        """The manifests that the OCI layout in the archive leads to, if there is one."""
        if "index.json" not in self._stretches:
            return
        indexes = [Index.parse(self._read("index.json"), f"index.json of `{self._path}`")]
        for _ in range(_DEEPEST):
            named = [one for index in indexes for one in index.manifests if one.digest in blobs.stretches]
            indexes = []
            for descriptor in named:
                content = read_document(descriptor, blobs, f"a manifest in {what}")
                if descriptor.media_type in INDEXES:
                    indexes.append(Index.parse(content, f"an index in {what}"))
                elif descriptor.media_type in MANIFESTS:
                    yield content

    def _blobs(self) -> StretchSource:
        """What lies there as OCI lays blobs out."""
        names = ((name.removeprefix(_BLOBS), stretch) for name, stretch in self._stretches.items())
        return StretchSource(self._path, {Digest(name): at for name, at in names if _HEX.fullmatch(name)})

    def _listed_image(self, fields: Fields) -> _Listed:
        path = fields.needed_text("Config")
        content = self._read(path)
        config = ImageConfig.parse(content, f"`{path}` in `{self._path}`")
        return _Listed(config, content, fields.texts("Layers"), fields.texts("RepoTags"))

    def _read(self, name: str) -> bytes:
        return read_stretch(self._path, self._stretch(name))

    def _stretch(self, name: str) -> Stretch:
        if name not in self._stretches:
            raise ImageError(f"`{self._path}` lacks `{name}`, which its manifest.json names", hint="save it again")
        return self._stretches[name]
