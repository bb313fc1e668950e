"""Bases that lie on this disk: opened by their names, whatever form they have."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import EkibenError, EngineUnavailable, ImageError
from ekiben.oci.descriptor import Platform
from ekiben.oci.docker_archive import save_docker_archive
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from ekiben.packager.image.native.bases.naming import BaseName
from ekiben.packager.image.native.bases.opening import Base, BasePlaces, open_base, open_bases
from ekiben.report import SilentReporter
from tests.packager.image.native.tiny_base import AMD64, DEBIAN, base_of, both_bases

NO_ENGINE = {"DOCKER_HOST": "tcp://127.0.0.1:1"}


def opened(text: str, tmp_path: Path, platform: Platform = AMD64) -> Base:
    places = BasePlaces(tmp_path / "cache", NO_ENGINE, asks_engine=False)
    return open_base(BaseName.parse(text), platform, places, SilentReporter())


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    Layout(tmp_path / "images").add(base_of(tmp_path / "blobs", DEBIAN), "debian")
    return tmp_path / "images"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "base.tar"
    save_docker_archive(base_of(tmp_path / "blobs", DEBIAN), [Reference.parse("base:1")], path)
    return path


def test_a_layout_and_an_archive_of_one_image_are_one_base(layout: Path, archive: Path, tmp_path: Path) -> None:
    bases = [opened(text, tmp_path) for text in (f"oci:{layout}", f"oci:{layout}:debian", f"docker-archive:{archive}")]
    assert len({base.image.digest for base in bases}) == 1
    assert len({base.facts for base in bases}) == 1
    assert {base.reference for base in bases} == {None}  # nobody else can reach them


@pytest.mark.parametrize("kind", ["oci", "docker-archive"])
def test_a_base_for_another_processor_is_refused(kind: str, layout: Path, archive: Path, tmp_path: Path) -> None:
    path = layout if kind == "oci" else archive
    with pytest.raises(ImageError, match=r"`linux/amd64`.*`linux/arm64`|`linux/arm64`.*`linux/amd64`"):
        opened(f"{kind}:{path}", tmp_path, Platform("linux", "arm64"))


def test_the_bases_of_several_platforms_come_in_the_order_that_was_asked_for(tmp_path: Path) -> None:
    Layout(tmp_path / "images").add(both_bases(tmp_path), "debian")
    places = BasePlaces(tmp_path / "cache", NO_ENGINE, asks_engine=False)
    name, arm64 = BaseName.parse(f"oci:{tmp_path / 'images'}"), Platform("linux", "arm64")
    bases = open_bases(name, [arm64, AMD64], places, SilentReporter())
    assert [base.image.config.platform.architecture for base in bases] == ["arm64", "amd64"]
    assert {base.facts.glibc for base in bases} == {"2.36"}


@pytest.mark.parametrize("text", ["oci:{}/none", "oci:{}/images:other", "docker-archive:{}/images/index.json"])
def test_what_is_no_image_is_an_error_that_names_the_place(text: str, layout: Path, tmp_path: Path) -> None:
    with pytest.raises(EkibenError, match=str(tmp_path)):
        opened(text.format(tmp_path), tmp_path)


def test_an_image_of_the_engine_needs_one(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="no Docker engine answers"):
        opened("docker-daemon:base:1", tmp_path)
