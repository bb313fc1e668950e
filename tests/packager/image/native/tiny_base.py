"""Base images of a few hundred bytes: what a base is looked at for, and nothing that runs."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers, empty_image
from ekiben.oci.blobs import BlobStore
from ekiben.oci.config import ImageConfig
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image, make_image
from ekiben.oci.image_index import ImageIndex
from ekiben.oci.layout import Layout
from ekiben.oci.media_types import layer_type

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64", "v8")  # as official images have it
GLIBC = b"\0GNU C Library (Debian GLIBC 2.36-9+deb12u9) stable release version 2.36.\n"
PYTHON = Entry.file("usr/bin/python3.11", b"\x7fELF", 0o755)
DEBIAN = (
    PYTHON,
    Entry.link("usr/bin/python3", "python3.11"),
    Entry.link("bin", "usr/bin"),
    Entry.link("lib", "usr/lib"),
    Entry.file("usr/lib/x86_64-linux-gnu/libc.so.6", GLIBC, 0o755),
)


DEBIAN_ARM64 = (*DEBIAN[:-1], Entry.file("usr/lib/aarch64-linux-gnu/libc.so.6", GLIBC, 0o755))


def base_of(
    folder: Path, *layers: Iterable[Entry], platform: Platform = AMD64, env: Mapping[str, str] | None = None
) -> Image:
    """An image with these layers, whose blobs are in `folder`."""
    blobs = BlobStore(folder)
    added = [AddedLayer(blobs.make_layer(entries), f"layer {number}") for number, entries in enumerate(layers)]
    return append_layers(empty_image(platform), added, blobs, ConfigChanges(env=env or {"PATH": "/usr/bin:/bin"}))


def tiny_base(folder: Path, *more: Entry) -> str:
    """The name of a base like Debian's and with `more`, in a layout of its own in `folder`."""
    Layout(folder / "base").add(base_of(folder / "blobs", [*DEBIAN, *more]), "debian")
    return f"oci:{folder / 'base'}:debian"


def both_bases(folder: Path, *more: Iterable[Entry], env: Mapping[str, str] | None = None) -> ImageIndex:
    """Such a base for two platforms, with layers of `more` on top."""
    amd64 = base_of(folder / "blobs", DEBIAN, *more, env=env)
    return ImageIndex.of([base_of(folder / "blobs", DEBIAN_ARM64, *more, platform=ARM64, env=env), amd64])


@dataclass
class Blobs:
    """Blobs in memory."""

    contents: dict[Digest, bytes] = field(default_factory=dict)

    def open(self, digest: Digest) -> BinaryIO:
        return io.BytesIO(self.contents[digest])


def image_of_tars(*tars: bytes) -> Image:
    """An image whose layers are these, as they are."""
    blobs = Blobs({Digest.of_bytes(one): one for one in tars})
    layers = tuple(Descriptor.of_bytes(one, layer_type("tar")) for one in tars)
    config = ImageConfig(platform=AMD64, diff_ids=tuple(layer.digest for layer in layers))
    return make_image(config, layers, blobs)


def tar_of(*members: tuple[str, bytes | None, str]) -> bytes:
    """A tar of `(path, content, target)`: a file, a link where there is a target, else a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, content, target in members:
            member = tarfile.TarInfo(path)
            member.type = tarfile.REGTYPE if content is not None else tarfile.SYMTYPE if target else tarfile.DIRTYPE
            member.linkname, member.size = target, len(content or b"")
            archive.addfile(member, io.BytesIO(content or b""))
    return stream.getvalue()
