"""Images under one index: the same whatever the order, each found by its platform."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.blobs import BlobStore
from ekiben.oci.config import ImageConfig
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.image import Image, JoinedSource, make_image
from ekiben.oci.image_index import ImageIndex, any_image, images_of, read_images
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_INDEX
from tests.oci.documents import named, platforms
from tests.oci.images import AMD64, ARM64, blobs_of, small_image

several = st.lists(st.tuples(platforms, named), min_size=2, max_size=4, unique_by=lambda one: str(one[0].plain))


def bare(platform: Platform, annotations: dict[str, str]) -> Image:
    """An image without layers."""
    return make_image(ImageConfig(platform=platform, diff_ids=()), (), None, annotations)


def found_in(images: ImageIndex, asked: list[Platform | None] | None) -> tuple[Image, ...]:
    contents = {image.digest: image.content for image in images.images}
    return read_images(images.content, asked, lambda one: contents[one.digest], images.source, "the image")


@given(several, st.randoms(use_true_random=False))
def test_the_order_in_which_images_came_leaves_no_trace(
    pairs: list[tuple[Platform, dict[str, str]]], shuffler: random.Random
) -> None:
    images = [bare(*pair) for pair in pairs]
    shuffled = shuffler.sample(images, len(images))
    assert ImageIndex.of(images).content == ImageIndex.of(shuffled).content


@given(several)
def test_an_index_reads_as_the_images_that_it_was_made_of(pairs: list[tuple[Platform, dict[str, str]]]) -> None:
    made = ImageIndex.of(bare(*pair) for pair in pairs)
    assert Index.parse(made.content) == made.index
    assert found_in(made, None) == made.images
    for image in made.images:
        assert found_in(made, [image.config.platform]) == (image,)


@given(several)
def test_an_index_is_annotated_with_what_all_its_images_are(pairs: list[tuple[Platform, dict[str, str]]]) -> None:
    told = [annotations.items() for _, annotations in pairs]
    shared = {name: value for name, value in told[0] if all((name, value) in one for one in told)}
    assert ImageIndex.of(bare(*pair) for pair in pairs).index.annotations == shared


def test_two_images_of_one_platform_are_no_index() -> None:
    plain, spelled = bare(ARM64, {}), bare(Platform("linux", "arm64", "v8"), {})
    with pytest.raises(ImageError, match="two images for `linux/arm64`"):
        ImageIndex.of([plain, spelled])


def test_one_image_needs_no_index(tmp_path: Path) -> None:
    image = small_image(BlobStore(tmp_path))
    assert any_image([image]) is image
    assert images_of(image) == (image,)


def test_blobs_that_images_share_are_there_once(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    both = ImageIndex.of(small_image(store, platform=platform) for platform in (AMD64, ARM64))
    assert len(both.blobs) == len({blob.digest for blob in both.blobs}) == 4  # two layers, two configurations
    for image in both.images:
        assert blobs_of(replace(image, source=both.source)) == blobs_of(image)


def test_what_is_no_image_of_an_index_is_passed_over() -> None:
    image = bare(AMD64, {})
    attestation = Descriptor(
        image.manifest.media_type, Digest.of_bytes(b""), 1, platform=Platform("unknown", "unknown")
    )
    content = Index((image.descriptor, attestation)).to_bytes()
    assert read_images(content, None, lambda _: image.content, image.source, "the image") == (image,)


def test_images_are_found_in_indexes_of_indexes() -> None:
    inner = ImageIndex.of([bare(AMD64, {}), bare(ARM64, {})])
    contents = {inner.digest: inner.content, **{one.digest: one.content for one in inner.images}}
    outer = Index((Descriptor(OCI_INDEX, inner.digest, len(inner.content)),)).to_bytes()

    def read(descriptor: Descriptor) -> bytes:
        return contents[descriptor.digest]

    assert read_images(outer, None, read, inner.source, "the image") == inner.images
    assert read_images(outer, [ARM64], read, inner.source, "the image") == (inner.images[1],)


def test_a_manifest_alone_is_the_image_of_its_platform_and_of_no_other() -> None:
    image = bare(AMD64, {})
    source = JoinedSource({image.manifest.config.digest: image.config.to_bytes()})

    def asked(*platforms: Platform | None) -> tuple[Image, ...]:
        return read_images(image.content, platforms, lambda _: b"", source, "`iris`")

    assert asked(AMD64) == asked(None) == (image,)
    with pytest.raises(ImageError, match="`iris` is for `linux/amd64`, not for `linux/arm64`"):
        asked(AMD64, ARM64)
