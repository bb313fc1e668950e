"""Rebasing, from an image to the image: what comes out is what a build on the new base makes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from ekiben.errors import EkibenError, ImageError, UsageError
from ekiben.oci.config import ImageConfig
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image, make_image
from ekiben.oci.layout import Layout
from ekiben.packager.image.containerize import ContainerizeRequest, containerize
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.rebase import RebaseRequest, rebase
from ekiben.report import Reporter, SilentReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.conftest import Recorder
from tests.packager.image.native.tiny_base import AMD64, DEBIAN, base_of
from tests.packager.small_bento import save_model, small_bento

OLD_ENV = {"PATH": "/usr/bin:/bin", "PYTHON_VERSION": "3.11.4", "LANG": "C.UTF-8", "HOME": "/tmp"}
NEW_ENV = {"PATH": "/usr/local/bin:/usr/bin", "PYTHON_VERSION": "3.11.9"}
PATCH = (Entry.file("usr/lib/x86_64-linux-gnu/libssl.so.3", b"patched"),)


@pytest.fixture
def bases(tmp_path: Path) -> Path:
    """A layout with a base, `old`, and the same after its distribution patched it, `new`."""
    folder = tmp_path / "bases"
    Layout(folder).add(base_of(tmp_path / "blobs", DEBIAN, env=OLD_ENV), "old")
    Layout(folder).add(base_of(tmp_path / "blobs", [*DEBIAN, *PATCH], PATCH, env=NEW_ENV), "new")
    return folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return tmp_path / "images"


def build(store: Store, bento: Bento, base: str, output: str, **asked: object) -> BuiltImage:
    request = ContainerizeRequest(tag=bento.tag, base_image=base, output=output, **asked)  # type: ignore[arg-type]
    settings = load_settings({"EKIBEN_HOME": str(store.home)})
    environ = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    return containerize(request, store=store, settings=settings, reporter=SilentReporter(), environ=environ)


def move(
    store: Store, image: str, base: str, output: str, reporter: Reporter | None = None, **asked: str
) -> BuiltImage:
    request = RebaseRequest(image=image, base=base, output=output, **asked)  # type: ignore[arg-type]
    return rebase(request, store=store, reporter=reporter or SilentReporter(), environ={})


def test_a_rebased_image_is_the_one_that_a_build_on_the_new_base_makes(store: Store, bases: Path, images: Path) -> None:
    bento = small_bento(store, models=[save_model(store, "iris")])
    labels = {"org.example.team": "kiosk"}
    build(store, bento, f"oci:{bases}:old", f"oci:{images}:before", labels=labels)
    build(store, bento, f"oci:{bases}:new", f"oci:{images}:wanted", labels=labels)
    moved = move(store, f"oci:{images}:before", f"oci:{bases}:new", f"oci:{images}:after", old_base=f"oci:{bases}:old")
    after, wanted = Layout(images).image("after"), Layout(images).image("wanted")
    assert after.config == wanted.config
    assert after.content == wanted.content
    assert moved.id == str(wanted.digest)


def test_there_and_back_is_the_image_that_it_was(store: Store, bases: Path, images: Path) -> None:
    build(store, small_bento(store), f"oci:{bases}:old", f"oci:{images}:first")
    old, new = f"oci:{bases}:old", f"oci:{bases}:new"
    move(store, f"oci:{images}:first", new, f"oci:{images}:second", old_base=old)
    move(store, f"oci:{images}:second", old, f"oci:{images}:third", old_base=new)
    assert Layout(images).image("third").content == Layout(images).image("first").content


def test_an_image_that_stands_there_already_stays_as_it_is(
    store: Store, bases: Path, images: Path, reporter: Recorder
) -> None:
    built = build(store, small_bento(store), f"oci:{bases}:old", f"oci:{images}:first")
    old = f"oci:{bases}:old"
    moved = move(store, f"oci:{images}:first", old, f"oci:{images}:again", reporter, old_base=old)
    assert moved.id == built.id
    assert reporter.told == [f"the image stands on `{old}` already"]


def test_a_variable_of_the_bentofile_stays_and_one_of_the_old_base_goes(
    store: Store, bases: Path, images: Path
) -> None:
    bento = small_bento(store, docker_keys={"env": {"PYTHON_VERSION": "mine", "HOME": "/tmp"}})
    build(store, bento, f"oci:{bases}:old", f"oci:{images}:first")
    move(store, f"oci:{images}:first", f"oci:{bases}:new", f"oci:{images}:second", old_base=f"oci:{bases}:old")
    variables = Layout(images).image("second").config.variables
    assert (variables["PYTHON_VERSION"], variables["HOME"]) == ("mine", "/tmp")
    assert variables["PATH"] == "/app/venv/bin:/usr/local/bin:/usr/bin"
    assert "LANG" not in variables


def test_archives_are_read_and_written(store: Store, bases: Path, images: Path, tmp_path: Path) -> None:
    bento = small_bento(store)
    build(store, bento, f"oci:{bases}:old", f"docker-archive:{tmp_path / 'old.tar'}", image_tags=("iris:1",))
    built = build(store, bento, f"oci:{bases}:new", f"oci:{images}")
    old, new = f"oci:{bases}:old", f"oci:{bases}:new"
    image = f"docker-archive:{tmp_path / 'old.tar'}:iris:1"
    moved = move(store, image, new, f"docker-archive:{tmp_path / 'new.tar'}", old_base=old)
    assert moved.id == built.id
    again = move(store, f"docker-archive:{tmp_path / 'new.tar'}", new, f"oci:{images}:last", old_base=new)
    assert again.id == built.id


def test_an_image_keeps_its_name_in_a_layout_or_is_called_as_its_bento(
    store: Store, bases: Path, images: Path, tmp_path: Path
) -> None:
    bento, old, new = small_bento(store), f"oci:{bases}:old", f"oci:{bases}:new"
    build(store, bento, old, f"oci:{images}:first")
    kept = move(store, f"oci:{images}:first", new, f"oci:{tmp_path / 'other'}", old_base=old)
    assert kept.references == (f"oci:{tmp_path / 'other'}:first",)
    build(store, bento, old, f"docker-archive:{tmp_path / 'a.tar'}")
    called = move(store, f"docker-archive:{tmp_path / 'a.tar'}", new, f"oci:{tmp_path / 'third'}", old_base=old)
    assert called.references == (f"oci:{tmp_path / 'third'}:{bento.tag}",)


def test_an_image_that_names_no_base_is_refused_until_it_is_told(store: Store, bases: Path, images: Path) -> None:
    build(store, small_bento(store), f"oci:{bases}:old", f"oci:{images}:first")
    with pytest.raises(ImageError, match="does not say which base it stands on") as refused:
        move(store, f"oci:{images}:first", f"oci:{bases}:new", f"oci:{images}:second")
    assert "--old-base" in str(refused.value.hint)
    assert Layout(images).names() == ("first",)


def test_a_base_that_the_image_does_not_stand_on_is_refused(store: Store, bases: Path, images: Path) -> None:
    build(store, small_bento(store), f"oci:{bases}:old", f"oci:{images}:first")
    new = f"oci:{bases}:new"
    with pytest.raises(ImageError, match=r"does not stand on `oci:.*:new`: its lowest layers are others"):
        move(store, f"oci:{images}:first", new, f"oci:{images}:second", old_base=new)


def test_what_no_bento_became_is_not_moved(store: Store, bases: Path, images: Path) -> None:
    with pytest.raises(ImageError, match=r"is no image of a Bento: it has no label `io\.ekiben\.bento`"):
        move(store, f"oci:{bases}:old", f"oci:{bases}:new", f"oci:{images}", old_base=f"oci:{bases}:old")


def test_a_base_named_by_an_image_is_no_place_on_this_disk(store: Store, bases: Path, images: Path) -> None:
    labels = {"io.ekiben.bento": "small:1", "org.opencontainers.image.base.name": f"oci:{bases}:old"}
    Layout(images).add(labelled(Layout(bases).image("old"), labels), "first")
    with pytest.raises(EkibenError, match="is no image reference"):
        move(store, f"oci:{images}:first", f"oci:{bases}:new", f"oci:{images}:second")


def labelled(image: Image, labels: Mapping[str, str]) -> Image:
    config = ImageConfig(platform=AMD64, diff_ids=image.config.diff_ids, labels=labels)
    return make_image(config, image.manifest.layers, image.source)


@pytest.mark.parametrize("image", ["host", "a@sha256:" + "0" * 64])
def test_a_name_that_can_be_no_image_to_move_is_refused(store: Store, bases: Path, image: str) -> None:
    with pytest.raises((UsageError, EkibenError)):
        move(store, image, f"oci:{bases}:new", f"oci:{bases}:x")


GLIBC_2_31 = b"\0GNU C Library (Debian GLIBC 2.31-13) release release version 2.31.\n"
MUSL = (
    Entry.file("usr/bin/python3.11", b"\x7fELF", 0o755),
    Entry.link("usr/bin/python3", "python3.11"),
    Entry.file("lib/ld-musl-x86_64.so.1", b"\x7fELF", 0o755),
)
MOVED_PYTHON = (
    Entry.file("usr/local/bin/python3.11", b"\x7fELF", 0o755),
    Entry.link("usr/local/bin/python3", "python3.11"),
    *DEBIAN[2:],
)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (MUSL, "has musl as its C library"),
        (DEBIAN[2:], "has no python3 on its PATH"),
        ((Entry.file("usr/bin/python3.12", b"", 0o755), Entry.link("usr/bin/python3", "python3.12")), "Python 3.12"),
        (MOVED_PYTHON, "has its Python at /usr/local/bin/python3"),
        ((*DEBIAN[:4], Entry.file("usr/lib/x86_64-linux-gnu/libc.so.6", GLIBC_2_31, 0o755)), "older than 2.36"),
        ((*DEBIAN, Entry.file("app/bento/mine", b"")), "/app/bento is there already"),
    ],
)
def test_a_base_that_the_image_cannot_run_on_is_refused_with_the_reason(
    store: Store, bases: Path, images: Path, tmp_path: Path, entries: Iterable[Entry], words: str
) -> None:
    build(store, small_bento(store), f"oci:{bases}:old", f"oci:{images}:first")
    Layout(bases).add(base_of(tmp_path / "blobs", entries, env={"PATH": "/usr/local/bin:/usr/bin"}), "bad")
    with pytest.raises(ImageError, match=words):
        move(store, f"oci:{images}:first", f"oci:{bases}:bad", f"oci:{images}:x", old_base=f"oci:{bases}:old")
    assert Layout(images).names() == ("first",)
