"""Rebasing an index: all its platforms at once, or some under another name."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ekiben.errors import ImageError, UsageError
from ekiben.oci.descriptor import Platform
from ekiben.oci.entries import Entry
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.rebase import RebaseRequest, rebase
from ekiben.report import Reporter, SilentReporter
from ekiben.settings import load_settings
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.conftest import Recorder
from tests.packager.image.native.tiny_base import AMD64, DEBIAN, base_of, both_bases
from tests.packager.small_bento import save_model, small_bento

AMD, ARM = "linux/amd64", "linux/arm64"
PATCH = (Entry.file("usr/lib/libssl.so.3", b"patched"),)

Build = Callable[..., BuiltImage]


@pytest.fixture
def build(store: Store) -> Build:
    """Builds one and the same Bento for both platforms."""
    bento = small_bento(store, models=[save_model(store, "iris")], platforms=(AMD, ARM))

    def for_both(base: str, **asked: object) -> BuiltImage:
        request = ContainerizeRequest(tag=bento.tag, base_image=base, platforms=("all",), **asked)  # type: ignore[arg-type]
        settings = load_settings({"EKIBEN_HOME": str(store.home)})
        environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
        return containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=environ)

    return for_both


def move(store: Store, image: str, base: str, reporter: Reporter | None = None, **asked: object) -> BuiltImage:
    request = RebaseRequest(image=image, base=base, **asked)  # type: ignore[arg-type]
    return rebase(request, store=store, reporter=reporter or SilentReporter(), environ={})


@pytest.fixture
def bases(tmp_path: Path) -> str:
    """A layout with a base for both platforms, `old`; the same patched, `new`; and `lacking` one of the platforms."""
    layout = Layout(tmp_path / "bases")
    layout.add(both_bases(tmp_path), "old")
    layout.add(both_bases(tmp_path, PATCH), "new")
    layout.add(base_of(tmp_path / "blobs", DEBIAN, PATCH), "lacking")
    return f"oci:{tmp_path / 'bases'}"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return tmp_path / "images"


def test_all_platforms_are_moved_to_what_a_build_on_the_new_base_makes(
    store: Store, build: Build, bases: str, images: Path, reporter: Recorder
) -> None:
    build(f"{bases}:old", output=f"oci:{images}:iris")
    wanted = build(f"{bases}:new", output=f"oci:{images}:wanted")
    moved = move(store, f"oci:{images}:iris", f"{bases}:new", reporter, old_base=f"{bases}:old", output=f"oci:{images}")
    assert (moved.id, moved.references) == (wanted.id, (f"oci:{images}:iris",))
    assert Layout(images).images("iris") == Layout(images).images("wanted")
    assert [line.partition(":")[0] for line in reporter.told] == ["linux/amd64", "linux/arm64/v8"]


def test_a_platform_that_the_new_base_lacks_is_named_and_nothing_moves(
    store: Store, build: Build, bases: str, images: Path
) -> None:
    build(f"{bases}:old", output=f"oci:{images}:iris")
    before = Layout(images).descriptors()
    with pytest.raises(ImageError, match="has no image for `linux/arm64"):
        move(store, f"oci:{images}:iris", f"{bases}:lacking", old_base=f"{bases}:old", output=f"oci:{images}")
    assert Layout(images).descriptors() == before


def test_one_platform_is_moved_under_a_name_of_its_own(
    store: Store, build: Build, bases: str, images: Path, tmp_path: Path
) -> None:
    build(f"{bases}:old", output=f"oci:{images}:iris")
    moved = partial(move, store, old_base=f"{bases}:old", platforms=(AMD,))
    moved(f"oci:{images}:iris", f"{bases}:lacking", output=f"oci:{images}:amd")
    assert [image.config.platform for image in Layout(images).images("amd")] == [AMD64]
    assert len(Layout(images).images("iris")) == 2
    archive = moved(f"oci:{images}:iris", f"{bases}:new", output=f"docker-archive:{tmp_path / 'a.tar'}")
    assert archive.id == moved(f"oci:{images}:iris", f"{bases}:new", output=f"oci:{images}:b").id


def test_no_platform_is_lost_from_a_name(store: Store, build: Build, bases: str, images: Path) -> None:
    build(f"{bases}:old", output=f"oci:{images}:iris")
    moved = partial(move, store, old_base=f"{bases}:old", platforms=(AMD,))
    with pytest.raises(UsageError, match="would lose its image for `linux/arm64/v8`"):
        moved(f"oci:{images}:iris", f"{bases}:new", output=f"oci:{images}")
    with pytest.raises(UsageError, match="would lose its image for `linux/arm64/v8`"):
        moved(f"oci:{images}", f"{bases}:new", output=f"oci:{images}:iris")
    assert len(Layout(images).images("iris")) == 2
    moved(f"oci:{images}", f"{bases}:new", output=f"oci:{images}:amd")


def test_a_platform_that_the_image_has_not_is_refused(store: Store, build: Build, bases: str, images: Path) -> None:
    build(f"{bases}:old", output=f"oci:{images}:iris")
    moved = partial(move, store, old_base=f"{bases}:old", platforms=("linux/s390x",))
    with pytest.raises(ImageError, match="has no image for `linux/s390x`; it has `linux/amd64`, `linux/arm64/v8`"):
        moved(f"oci:{images}:iris", f"{bases}:new", output=f"oci:{images}:x")


def test_several_platforms_are_not_moved_into_what_holds_one(
    store: Store, build: Build, bases: str, images: Path, tmp_path: Path
) -> None:
    build(f"{bases}:old", output=f"oci:{images}:iris")
    archive = f"docker-archive:{tmp_path / 'a.tar'}"
    with pytest.raises(UsageError, match="an archive for Docker holds an image for one platform"):
        move(store, f"oci:{images}:iris", f"{bases}:new", old_base=f"{bases}:old", output=archive)


def test_in_a_registry_each_platform_finds_its_old_base_by_its_own_digest(
    registry: RealRegistry, store: Store, build: Build, tmp_path: Path, reporter: Recorder
) -> None:
    base, reference = f"{registry.host}/bases/python:3.11", f"{registry.host}/apps/iris:1"
    client = Registry.open(registry.host, environ={})
    client.push_image(both_bases(tmp_path), Reference.parse(base))
    build(base, image_tags=(reference,), pushes=True)
    client.push_image(both_bases(tmp_path, PATCH), Reference.parse(base))
    moved = move(store, reference, base, reporter, pushes=True)
    wanted = build(base, image_tags=(f"{registry.host}/apps/wanted:1",), pushes=True)
    assert moved.id == wanted.id
    images = client.get_images(Reference.parse(reference))
    assert [image.config.platform for image in images] == [AMD64, Platform("linux", "arm64", "v8")]
    configurations = sum(image.manifest.config.size_bytes for image in images)
    assert f"pushed `{reference}`: {configurations} bytes were sent" in reporter.told


def test_a_name_in_a_registry_loses_no_platform(
    registry: RealRegistry, store: Store, build: Build, tmp_path: Path
) -> None:
    base, reference = f"{registry.host}/bases/python:3.11", f"{registry.host}/apps/iris"
    Registry.open(registry.host, environ={}).push_image(both_bases(tmp_path), Reference.parse(base))
    build(base, image_tags=(f"{reference}:latest",), pushes=True)
    with pytest.raises(UsageError, match="would lose its image for `linux/arm64/v8`"):
        move(store, reference, base, pushes=True, platforms=(AMD,))
    moved = move(store, reference, base, pushes=True, platforms=(AMD,), image_tags=(f"{reference}:amd",))
    assert moved.references[0].startswith(f"{reference}:amd@sha256:")
