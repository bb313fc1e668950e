"""Which base a bentofile means, and where its Python comes from."""

from __future__ import annotations

import itertools

import pytest

from ekiben.packager.bases.cuda import known_versions
from ekiben.packager.bases.distributions import DISTRIBUTIONS
from ekiben.packager.bases.slim import slim_image_for
from ekiben.packager.bases.standing import Standing, Unfit, standing_of
from ekiben.packager.lock.base_image import BaseImage

UBI9 = "registry.access.redhat.com/ubi9/ubi-minimal:latest"


@pytest.mark.parametrize(
    ("distro", "python", "cuda", "standing"),
    [
        ("debian", "3.12.4", None, Standing("python:3.12.4-slim")),
        (
            "debian",
            "3.12",
            "12.6",
            Standing("nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04", "python:3.12-slim-bookworm"),
        ),
        (
            "debian",
            "3.11",
            "12.4",
            Standing("nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", "python:3.11-slim-bullseye"),
        ),
        ("ubi9", "3.12", None, Standing(UBI9, python_package="python3.12")),
        ("ubi9", "3.11.9", "12.8", Standing("nvidia/cuda:12.8.1-cudnn-runtime-ubi9", python_package="python3.11")),
        ("amazonlinux", "3.14", None, Standing("amazonlinux:2023", python_package="python3.14")),
    ],
)
def test_distro_python_and_cuda_give_the_base(distro: str, python: str, cuda: str | None, standing: Standing) -> None:
    assert standing_of(distro, python, cuda_version=cuda) == standing


@pytest.mark.parametrize(
    ("distro", "python", "cuda", "key"),
    [
        ("alpine", "3.12", None, "distro"),
        ("amazonlinux", "3.12", "12.4", "cuda_version"),
        ("debian", "3.12", "12.7", "cuda_version"),
        ("debian", "3.14", "12.4", "python_version"),
        ("ubi8", "3.14", None, "python_version"),
    ],
)
def test_what_has_no_base_is_refused_at_its_key_with_a_remedy(
    distro: str, python: str, cuda: str | None, key: str
) -> None:
    with pytest.raises(Unfit) as caught:
        standing_of(distro, python, cuda_version=cuda)
    assert caught.value.key == key
    assert caught.value.hint


def test_a_base_image_goes_before_all_and_brings_its_python() -> None:
    for distro in DISTRIBUTIONS:
        assert standing_of(distro, "3.14", base_image="own:1") == Standing("own:1")


def test_a_base_image_with_cuda_gets_a_python_if_it_has_none() -> None:
    own = "registry.example/nvidia/cuda:12.4.1-runtime-ubuntu22.04"
    standing = standing_of("debian", "3.12", cuda_version="12.7", base_image=own)
    assert standing == Standing(own, "python:3.12-slim-bullseye")
    assert standing_of("debian", "3.14", cuda_version="12.4", base_image=own) == Standing(own)


def test_with_conda_python_is_condas() -> None:
    for distro, cuda in itertools.product(("debian", "ubi9"), (None, "12.4")):
        standing = standing_of(distro, "3.12", cuda_version=cuda, has_conda=True)
        assert (standing.python_image, standing.python_package) == (None, None)


@pytest.mark.parametrize("cuda", known_versions())
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_a_copied_python_is_never_made_for_a_newer_c_library(cuda: str, python: str) -> None:
    standing = standing_of("debian", python, cuda_version=cuda)
    assert standing.python_image
    copied, base = BaseImage.parse(standing.python_image), BaseImage.parse(standing.base)
    assert copied.known_libc
    assert base.known_libc
    assert _numbers(copied.known_libc) <= _numbers(base.known_libc)


def test_no_python_is_made_for_a_very_old_c_library() -> None:
    assert slim_image_for("3.11", (2, 28)) is None
    assert slim_image_for("3.14", (2, 36)) == "python:3.14-slim-bookworm"
    assert slim_image_for("3.13", (2, 41)) == "python:3.13-slim-trixie"


def _numbers(libc: str) -> tuple[int, int]:
    _, major, minor = libc.split("_")
    return int(major), int(minor)
