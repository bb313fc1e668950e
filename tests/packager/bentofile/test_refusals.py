"""What leads to no image is refused by name and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import NotActedOn
from tests.packager.bentofile.conftest import Loads


@pytest.mark.parametrize(
    ("docker", "place"),
    [
        ("{cuda_version: '12.7'}", "1:24: `docker.cuda_version` is `12.7`, of which no image is known"),
        ("{distro: amazonlinux, cuda_version: 12}", "1:45: `docker.cuda_version` has no image on `amazonlinux`"),
        (
            "{distro: ubi9, python_version: '3.14'}",
            "1:40: `docker.python_version` is `3.14`, which `ubi9` has no package",
        ),
    ],
)
def test_what_has_no_base_is_refused_at_its_place(project: Path, loads: Loads, docker: str, place: str) -> None:
    with pytest.raises(NotActedOn) as caught:
        loads(f"docker: {docker}\n")
    assert caught.value.message.startswith(f"{project}/bentofile.yaml:{place}")
    assert "`docker.base_image`" in str(caught.value.hint)


@pytest.mark.parametrize("written", ["12", "'12'", "default"])
def test_a_cuda_version_is_spelled_as_for_bentoml(loads: Loads, written: str) -> None:
    assert loads(f"docker: {{cuda_version: {written}}}\n").docker.cuda_version == "12"


def test_system_packages_are_spelled_as_the_distribution_does(loads: Loads) -> None:
    packages = "system_packages: [mesa-libGL, libxml2-2.9.13-6.el9.x86_64]"
    assert len(loads(f"docker: {{distro: ubi9, {packages}}}\n").docker.system_packages) == 2


def test_a_key_without_effect_is_refused(project: Path, loads: Loads) -> None:
    with pytest.raises(NotActedOn) as caught:
        loads("docker: {distro: alpine}\n")
    place = f"{project}/bentofile.yaml:1:18: `docker.distro`"
    assert caught.value.message.startswith(f"{place} `alpine` has musl as its C library")
    assert "python:<version>-slim" in str(caught.value.hint)
