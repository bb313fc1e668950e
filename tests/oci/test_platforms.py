"""Platforms, and which image of an index is meant by one."""

from __future__ import annotations

import pytest
from hypothesis import given

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.index import Index
from ekiben.oci.media_types import OCI_MANIFEST
from tests.oci.documents import platforms


def index_of(*texts: str | None) -> Index:
    """An index of an image for each, in order; None is one that does not say."""
    return Index(
        tuple(
            Descriptor(OCI_MANIFEST, digest_of(place), 1, platform=Platform.parse(text) if text else None)
            for place, text in enumerate(texts)
        )
    )


def digest_of(place: int) -> Digest:
    return Digest.of_bytes(b"%d" % place)


@given(platforms)
def test_a_platform_reads_as_it_is_spelled(platform: Platform) -> None:
    assert Platform.parse(str(platform)) == platform


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/amd64/v1/x", "Linux/amd64", "linux/amd64\n"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(ImageError, match="is no platform"):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("asked", "image", "does_it"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64", "linux/arm64", False),
        ("linux/amd64", "windows/amd64", False),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm64/v9", "linux/arm64", False),
        ("linux/arm", "linux/arm/v7", True),
        ("linux/arm/v6", "linux/arm/v7", False),
    ],
)
def test_a_platform_takes_what_is_meant_by_it(asked: str, image: str, does_it: bool) -> None:
    assert Platform.parse(asked).takes(Platform.parse(image)) is does_it


@pytest.mark.parametrize(
    ("there", "asked", "chosen"),
    [
        (["linux/amd64", "linux/arm64/v8"], "linux/arm64", 1),
        (["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7", 1),
        (["linux/amd64/v3", "linux/amd64"], "linux/amd64", 1),
        (["linux/amd64/v3"], "linux/amd64", 0),
        (["linux/amd64", "linux/amd64"], "linux/amd64", 0),
        (["unknown/unknown", "linux/amd64"], None, 1),
        ([None], "linux/amd64", 0),
        ([None, "linux/amd64"], "linux/amd64", 1),
    ],
)
def test_the_image_that_is_meant_is_chosen(there: list[str | None], asked: str | None, chosen: int) -> None:
    platform = Platform.parse(asked) if asked else None
    assert index_of(*there).choose(platform).digest == digest_of(chosen)


@pytest.mark.parametrize(
    ("there", "asked", "why"),
    [
        (["linux/amd64", "linux/arm64"], None, "is several images, for `linux/amd64`, `linux/arm64`"),
        (["linux/arm/v6", "linux/arm/v7"], "linux/arm", "is several images"),
        (["linux/amd64"], "linux/arm64", "has no image for `linux/arm64`; it has `linux/amd64`"),
        (["unknown/unknown"], None, "has no image for any platform; it has none that says so"),
        ([], None, "has no image"),
    ],
)
def test_no_choice_says_what_there_is(there: list[str | None], asked: str | None, why: str) -> None:
    with pytest.raises(ImageError, match=f"`iris` {why}"):
        index_of(*there).choose(Platform.parse(asked) if asked else None, "`iris`")
