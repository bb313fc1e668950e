"""An image is whole: its documents fit each other, its blobs are read from wherever they are."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.blobs import BlobStore
from ekiben.oci.image import Image, JoinedSource, read_document, read_image
from ekiben.oci.manifest import Manifest
from tests.oci.images import AMD64, blobs_of, small_image


@dataclass
class Liar:
    """A source that gives the same bytes for every blob."""

    content: bytes

    def open(self, digest: Digest) -> BinaryIO:
        return io.BytesIO(self.content)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return small_image(BlobStore(tmp_path))


def test_an_image_read_again_is_the_same(image: Image) -> None:
    again = read_image(image.content, image.source)
    assert again == image
    assert again.digest == image.digest == Digest.of_bytes(image.content)


def test_an_image_that_was_read_keeps_its_bytes(image: Image) -> None:
    spaced = image.content.replace(b",", b", ")
    again = read_image(spaced, image.source)
    assert (again.content, again.digest) == (spaced, Digest.of_bytes(spaced))
    with pytest.raises(ValueError, match="not the bytes of this manifest"):
        replace(again, manifest=replace(again.manifest, annotations={"a": "b"}))


def test_every_blob_is_there_under_its_digest(image: Image) -> None:
    for digest, content in blobs_of(image).items():
        assert str(Digest.of_bytes(content)) == digest
    assert [blob.size_bytes for blob in image.blobs] == [len(content) for content in blobs_of(image).values()]


def test_the_descriptor_is_what_an_index_holds(image: Image) -> None:
    descriptor = image.descriptor
    assert descriptor.platform == AMD64
    assert (descriptor.digest, descriptor.size_bytes) == (image.digest, len(image.content))


def test_layers_know_the_digests_of_their_tars(image: Image, tmp_path: Path) -> None:
    assert [layer.diff_id for layer in image.layers] == list(image.config.diff_ids)
    below = image.layers[0]
    assert below.digest == below.diff_id, "the lower one is not packed"


def test_a_layer_that_no_engine_unpacks_is_refused(image: Image) -> None:
    odd = replace(image.manifest.layers[0], media_type="application/vnd.example")
    with pytest.raises(ImageError, match=r"a layer of type `application/vnd\.example`"):
        replace(image, manifest=replace(image.manifest, layers=(odd, odd)))


def test_a_manifest_and_a_configuration_of_different_images_are_refused(image: Image) -> None:
    with pytest.raises(ImageError, match="has 1 layers, and its configuration tells of 2"):
        replace(image, manifest=replace(image.manifest, layers=image.manifest.layers[:1]))


def test_a_configuration_that_is_not_what_its_digest_says_is_refused(image: Image) -> None:
    with pytest.raises(ImageError, match="the configuration of `iris` is not what its digest"):
        read_image(image.content, Liar(image.config.to_bytes() + b" "), "`iris`")


def test_a_document_without_bounds_is_refused_unread(image: Image) -> None:
    huge = replace(image.manifest.config, size_bytes=2**40)
    with pytest.raises(ImageError, match="is larger than"):
        read_document(huge, Liar(b""), "it")
    with pytest.raises(ImageError, match="is not what its digest"):
        read_document(image.manifest.config, Liar(b" " * 5 * 1024 * 1024), "it")


def test_a_manifest_of_something_else_is_no_image(image: Image) -> None:
    content = b'{"a":1}'
    artifact = replace(image.manifest.config, digest=Digest.of_bytes(content), size_bytes=len(content))
    with pytest.raises(ImageError, match="`os` of the configuration of `model` is missing"):
        read_image(Manifest(artifact, ()).to_bytes(), Liar(content), "`model`")


def test_joined_sources_know_which_has_a_blob(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    stored, held, routed, absent = (Digest.of_bytes(text) for text in (b"stored", b"held", b"routed", b"absent"))
    store.put_bytes(b"stored")
    joined = JoinedSource({held: b"held"}, {routed: Liar(b"routed")}, store)
    assert [joined.open(digest).read() for digest in (held, routed)] == [b"held", b"routed"]
    assert joined.path_of(stored) == store.path_of(stored)
    assert joined.path_of(held) is None
    assert joined.path_of(routed) is None
    with pytest.raises(NotFound, match=f"the blob `{absent}` is nowhere"):
        JoinedSource({held: b"held"}).open(absent)
