"""Base images: found in a Containerfile, taken apart, listed."""

from __future__ import annotations

from typing import Any

import pytest

from ekiben.packager.sbom.images import ImageReference, base_images, image_component
from tests.packager.sbom.bills import HASH

CONTAINERFILE = """\
ARG BASE=x
FROM --platform=linux/amd64 python:3.11-slim AS base
FROM nvidia/cuda:12.1.0-runtime as Cuda
FROM base AS skeleton
FROM ${BASE} AS chosen
FROM scratch
COPY --link --from=skeleton /a /a
COPY --from=host.example:5000/tools:1 /b /b
COPY --from=cuda /c /c
COPY --from=0 /d /d
# FROM nothing:1
"""


def test_the_images_are_what_no_stage_is() -> None:
    assert base_images(CONTAINERFILE) == ("host.example:5000/tools:1", "nvidia/cuda:12.1.0-runtime", "python:3.11-slim")


@pytest.mark.parametrize(
    ("text", "reference", "url"),
    [
        ("python:3.11-slim", ImageReference("", "python", "3.11-slim"), "pkg:docker/python@3.11-slim"),
        ("nvidia/cuda", ImageReference("", "nvidia/cuda"), "pkg:docker/nvidia/cuda"),
        (
            f"host.example:5000/team/base:1@{HASH}",
            ImageReference("host.example:5000", "team/base", "1", HASH),
            f"pkg:docker/team/base@{HASH}?repository_url=host.example:5000&tag=1",
        ),
        ("localhost/base", ImageReference("localhost", "base"), "pkg:docker/base?repository_url=localhost"),
    ],
)
def test_a_reference_is_taken_apart(text: str, reference: ImageReference, url: str) -> None:
    assert ImageReference.parse(text) == reference
    assert reference.url == url


def test_a_digest_is_the_hash_and_without_one_there_is_none() -> None:
    pinned: Any = image_component(f"python:3.11@{HASH}")
    assert pinned["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert (pinned["name"], pinned["version"], pinned["type"]) == ("python", "3.11", "container")
    assert "hashes" not in image_component("python:3.11")
