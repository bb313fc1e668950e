"""A cache that somebody damaged: the next build makes the one right image, and what is right again stays so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.layout import Layout
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.image.native.test_engine import make
from tests.packager.image.native.tiny_base import tiny_base
from tests.packager.image.native.workshop import assert_whole
from tests.packager.small_bento import save_model, small_bento


def flip(path: Path) -> None:
    """Changes a bit in the middle, with the time of change that the file had by then: now."""
    content = bytearray(path.read_bytes())
    if content:
        content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def truncate(path: Path) -> None:
    """Takes the second half away."""
    path.chmod(0o644)
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    """Takes all away."""
    path.chmod(0o644)
    os.truncate(path, 0)


def make_a_folder(path: Path) -> None:
    """As a container engine does it that is told to mount what is not there."""
    path.unlink()
    path.mkdir()


DAMAGES = [flip, truncate, empty, Path.unlink, make_a_folder]


@pytest.fixture
def base(tmp_path: Path) -> str:
    return tiny_base(tmp_path / "bases")


@pytest.fixture
def bento(store: Store) -> Bento:
    return small_bento(store, models=[save_model(store, "iris")])


def built(store: Store, bento: Bento, base: str, layout: Path) -> Digest:
    """The digest of a build, all of whose blobs are whole."""
    make(store, bento, base, f"oci:{layout}:it")
    return assert_whole(Layout(layout).image("it"))


def files_of(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file())


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_build_on_a_cache_of_which_one_file_is_damaged_makes_the_right_image(
    store: Store, bento: Bento, base: str, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    right = built(store, bento, base, tmp_path / "right")
    shutil.copytree(store.cache, tmp_path / "cache")
    for path in files_of(store.cache):
        damage(path)
        assert built(store, bento, base, tmp_path / "first") == right
        make(store, bento, base, f"docker-archive:{tmp_path / 'image.tar'}")
        assert assert_whole(DockerArchive(tmp_path / "image.tar").image()) == right
        shutil.rmtree(tmp_path / "first")
    whole = {path.relative_to(store.cache): path.read_bytes() for path in files_of(store.cache)}
    assert whole == {path.relative_to(tmp_path / "cache"): path.read_bytes() for path in files_of(tmp_path / "cache")}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_build_on_a_cache_of_which_all_is_damaged_makes_the_right_image(
    store: Store, bento: Bento, base: str, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    right = built(store, bento, base, tmp_path / "right")
    for path in files_of(store.cache):
        damage(path)
    assert built(store, bento, base, tmp_path / "again") == right


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_build_into_a_layout_whose_blobs_are_damaged_mends_them(
    store: Store, bento: Bento, base: str, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    right = built(store, bento, base, tmp_path / "layout")
    for path in files_of(tmp_path / "layout/blobs"):
        damage(path)
    assert built(store, bento, base, tmp_path / "layout") == right


def test_a_build_of_which_all_is_known_writes_nothing_to_the_cache(
    store: Store, bento: Bento, base: str, tmp_path: Path
) -> None:
    """Which may be one that nobody can write to."""
    right = built(store, bento, base, tmp_path / "first")
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in store.cache.rglob("*")}
    assert built(store, bento, base, tmp_path / "second") == right
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in store.cache.rglob("*")} == before
