"""NVIDIA's images by version, in the spellings that bentofiles have."""

from __future__ import annotations

import re

import pytest

from ekiben.packager.bases.cuda import UBUNTU, find_release, known_versions, major_of
from ekiben.packager.lock.base_image import BaseImage


@pytest.mark.parametrize(
    ("version", "image"),
    [
        ("12", "nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04"),
        ("11", "nvidia/cuda:11.8.0-cudnn8-runtime-ubuntu22.04"),
        ("12.6", "nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04"),
        ("12.6.0", "nvidia/cuda:12.6.0-cudnn-runtime-ubuntu24.04"),
        ("12.4", "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04"),
        ("12.3.2", "nvidia/cuda:12.3.2-cudnn9-runtime-ubuntu22.04"),
        ("12.1", "nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04"),
        ("11.6.2", "nvidia/cuda:11.6.2-cudnn8-runtime-ubuntu20.04"),
        ("13", "nvidia/cuda:13.1.1-cudnn-runtime-ubuntu24.04"),
        ("14.2.1", "nvidia/cuda:14.2.1-cudnn-runtime-ubuntu24.04"),
    ],
)
def test_a_version_is_the_newest_that_it_may_mean_or_the_one_that_is_written(version: str, image: str) -> None:
    release = find_release(version)
    assert release is not None
    assert release.image(UBUNTU) == image


@pytest.mark.parametrize("version", ["10", "12.7", "12.7.1", "14", "14.2", "1"])
def test_a_version_of_which_no_image_is_known_has_none(version: str) -> None:
    assert find_release(version) is None


def test_other_systems_are_in_nvidias_words() -> None:
    release = find_release("12.8")
    assert release is not None
    assert release.image("ubi9") == "nvidia/cuda:12.8.1-cudnn-runtime-ubi9"


@pytest.mark.parametrize("version", known_versions())
def test_the_c_library_of_each_image_is_known(version: str) -> None:
    release = find_release(version)
    assert release is not None
    assert re.fullmatch(r"\d+\.\d+\.\d+", release.version)
    for system in (UBUNTU, "ubi8", "ubi9"):
        assert BaseImage.parse(release.image(system)).known_libc


def test_the_major_version_stands_first() -> None:
    assert [major_of(one) for one in ("12", "12.4", "12.4.1")] == [12, 12, 12]
