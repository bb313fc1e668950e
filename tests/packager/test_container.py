"""`ekiben.container`: the Containerfile of a Bento in the default store, and its image."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekiben import container
from ekiben.errors import ImageError, NotActedOn, UsageError
from ekiben.oci.layout import Layout
from ekiben.store.local import Store
from tests.packager.image.native.tiny_base import both_bases
from tests.packager.small_bento import small_bento


def test_the_containerfile_of_a_bento_is_given_and_written(store: Store, tmp_path: Path) -> None:
    bento = small_bento(store)
    text = container.get_containerfile(str(bento.tag), output_path=tmp_path / "Containerfile")
    assert text.startswith("# The image of the Bento small.")
    assert (tmp_path / "Containerfile").read_text() == text
    assert container.get_containerfile("small") == text


def test_bentomls_calls_are_understood(store: Store, tmp_path: Path) -> None:
    bento = small_bento(store)
    text = container.get_containerfile(bento_tag=bento.tag, enable_buildkit=True, output_path=None)
    assert container.get_containerfile("small:latest", str(tmp_path / "second")) == text
    assert (tmp_path / "second").read_text() == text
    container.get_containerfile("small", True, tmp_path)
    assert (tmp_path / f"small_{bento.tag.version}.dockerfile").read_text() == text
    with pytest.raises(NotActedOn, match="`features`"):
        container.get_containerfile("small", features=["grpc"])


def test_without_buildkit_it_is_refused_in_words(store: Store) -> None:
    small_bento(store)
    with pytest.raises(NotActedOn, match="without BuildKit"):
        container.get_containerfile("small", enable_buildkit=False)


@pytest.mark.usefixtures("offline")
def test_an_image_for_several_platforms_is_made_from_python(store: Store, tmp_path: Path) -> None:
    Layout(tmp_path / "bases").add(both_bases(tmp_path), "debian")
    bento = small_bento(store, platforms=("linux/amd64", "linux/arm64"))
    base, images = f"oci:{tmp_path / 'bases'}", tmp_path / "images"
    built = container.build(bento.tag, image_tag="iris:1", platform="all", base=base, output=f"oci:{images}")
    assert built.references == (f"oci:{images}:iris:1",)
    assert len(Layout(images).images("iris:1")) == 2
    both = ["linux/arm64", "linux/amd64"]
    again = container.build("small", "native", ["a", "b"], platform=both, base=base, output=f"oci:{images}")
    assert (again.id, len(again.references)) == (built.id, 2)


def test_other_options_are_the_engines(store: Store) -> None:
    small_bento(store)
    with pytest.raises(ImageError, match="`--opt` and its like"):
        container.build("small", "native", build_arg=["A=1"], pull=True, network=None)
    with pytest.raises(UsageError, match="`tag` cannot be set"):
        container.build("small", tag="x")
    with pytest.raises(UsageError, match="`build_arg` is neither a text nor a list"):
        container.build("small", build_arg=object())


def test_features_of_bentomls_first_services_are_refused(store: Store) -> None:
    small_bento(store)
    with pytest.raises(NotActedOn, match="`features`"):
        container.build("small", features=["grpc"])


def test_health_says_whether_an_engine_could_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert container.health("native")
    assert not container.health("podman")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip fetches nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
