"""What a reference tells about a base image."""

from __future__ import annotations

import pytest

from ekiben.packager.lock.base_image import BaseImage
from ekiben.packager.lock.target import Target


@pytest.mark.parametrize(
    ("reference", "libc"),
    [
        ("python:3.12-slim", "manylinux_2_36"),
        ("python:3.12-slim-bullseye", "manylinux_2_31"),
        ("registry.example:5000/mirror/python:3.13-trixie", "manylinux_2_41"),
        ("python:3.12-alpine3.20", "musllinux_1_2"),
        ("debian:12-slim", "manylinux_2_36"),
        ("ubuntu:24.04", "manylinux_2_39"),
        ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", "manylinux_2_35"),
        ("nvidia/cuda:12.4.1-runtime-rockylinux8", "manylinux_2_28"),
        ("registry.example/ubi9/python-311:1-66", "manylinux_2_34"),
        ("amazonlinux:2", "manylinux_2_26"),
        ("amazonlinux:2023", "manylinux_2_34"),
        ("alpine.example/team/base:1", None),
        ("team/base:1", None),
    ],
)
def test_the_c_library_is_told_by_the_name_of_the_system(reference: str, libc: str | None) -> None:
    image = BaseImage.parse(reference)
    assert image.known_libc == libc
    assert Target("3.12", "linux/amd64", image.libc).libc == image.libc


def test_a_digest_is_taken_from_the_reference() -> None:
    assert BaseImage.parse(f"python:3.12@sha256:{'a' * 64}") == BaseImage("python:3.12", f"sha256:{'a' * 64}")
    assert BaseImage.parse("python:3.12").digest is None
