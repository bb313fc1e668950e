"""Small images for tests, made of real layers in a real store; and what a source holds of one."""

from __future__ import annotations

from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.appending import AddedLayer, ConfigChanges, append_layers, empty_image
from ekiben.oci.blobs import BlobStore
from ekiben.oci.compression import Compression
from ekiben.oci.descriptor import Platform
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image, JoinedSource

AMD64 = Platform("linux", "amd64")
ARM64 = Platform("linux", "arm64")


def make_layer(store: BlobStore, text: str, compression: Compression = "gzip") -> AddedLayer:
    """A layer with one file, which says `text`."""
    layer = store.make_layer([Entry.file("app/text", text.encode())], compression)
    return AddedLayer(layer, f"a file that says {text}")


def small_image(store: BlobStore, text: str = "hello", platform: Platform = AMD64) -> Image:
    """An image of two layers, one packed and one not."""
    layers = [make_layer(store, "below", "none"), make_layer(store, text)]
    changes = ConfigChanges(env={"WHO": text}, entrypoint=("/app/text",), user="1034")
    return append_layers(empty_image(platform), layers, store, changes)


def with_other_bytes(image: Image, content: bytes) -> Image:
    """The image from a source that gives `content` for its lowest layer."""
    source = JoinedSource({image.layers[0].digest: content}, rest=image.source)
    return Image(image.manifest, image.config, source)


def blobs_of(image: Image) -> dict[str, bytes]:
    """Every blob of `image`, by digest, as its source gives it."""
    found = {}
    for blob in image.blobs:
        with image.source.open(blob.digest) as stream:
            found[str(blob.digest)] = stream.read()
    return found


def is_whole(image: Image) -> bool:
    """Whether every blob of `image` can be had, with the bytes of its digest."""
    return all(str(Digest.of_bytes(content)) == digest for digest, content in blobs_of(image).items())


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, by its path."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
