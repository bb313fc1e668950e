"""Wheels from the Bento, this machine, the cache and an index."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.packager.image.native.gathering import WheelPlaces, gather_wheels
from ekiben.packager.image.native.locked_wheels import WantedWheel, wanted_wheels
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_files import WheelFiles
from tests.packager.small_bento import locked, make_wheel

TARGET = Target("3.11", "linux/amd64", "manylinux_2_36")
PASSWORD = "hunter2hunter2"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@dataclass
class Index:
    """An index of packages on this machine, as a folder that a server shows."""

    folder: Path
    url: str

    def add(self, wheel: Path) -> LockedPackage:
        """Offers the wheel, which goes from where it is."""
        package = locked(wheel)
        page = self.folder / "simple" / package.name
        page.mkdir(parents=True)
        wheel.rename(page / wheel.name)
        (page / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
        return package


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    folder = tmp_path / "index"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Index(folder, f"http://{server.server_address[0]!s}:{server.server_port}/simple")
        server.shutdown()
        thread.join()


@pytest.fixture
def places(tmp_path: Path) -> WheelPlaces:
    """The Bento's own wheels, a cache and a scratch folder, all empty; no index."""
    folders = [tmp_path / name for name in ("own", "scratch", "made")]
    for folder in folders:
        folder.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    return WheelPlaces(folders[0], WheelFiles(tmp_path / "cache"), folders[1], PipSettings(no_index=True), environ)


def with_index(places: WheelPlaces, url: str) -> WheelPlaces:
    return WheelPlaces(places.own, places.cache, places.scratch, PipSettings(index_url=url), places.environ)


def wanted(*packages: LockedPackage) -> tuple[WantedWheel, ...]:
    return wanted_wheels(packages, packages, TARGET)


def test_the_bentos_own_wheels_come_first(places: WheelPlaces) -> None:
    wheel = make_wheel(places.own, "light", "2.0", {"light.py": ""})
    (found,) = gather_wheels(wanted(locked(wheel)), TARGET, places).values()
    assert found.path == wheel


def test_find_links_folders_of_this_machine_are_looked_into(places: WheelPlaces, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "made", "light", "2.0", {"light.py": ""})
    settings = PipSettings(no_index=True, find_links=(str(tmp_path / "made"),))
    there = WheelPlaces(places.own, places.cache, places.scratch, settings, places.environ)
    (found,) = gather_wheels(wanted(locked(wheel)), TARGET, there).values()
    assert found.path == wheel


def test_an_index_is_asked_once(places: WheelPlaces, index: Index, tmp_path: Path) -> None:
    package = index.add(make_wheel(tmp_path / "made", "light", "2.0", {"light.py": ""}))
    first = gather_wheels(wanted(package), TARGET, with_index(places, index.url))
    again = gather_wheels(wanted(package), TARGET, places)
    assert again == first
    assert first["light"].path.is_relative_to(places.cache.folder)
    assert str(first["light"].digest) == package.hashes[0]


def test_a_wheel_of_the_cache_that_was_damaged_is_fetched_again(
    places: WheelPlaces, index: Index, tmp_path: Path
) -> None:
    package = index.add(make_wheel(tmp_path / "made", "light", "2.0", {"light.py": ""}))
    wanting, there = wanted(package), with_index(places, index.url)
    path = gather_wheels(wanting, TARGET, there)["light"].path
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole[:-1] + b"x"):
        path.write_bytes(damaged)
        assert gather_wheels(wanting, TARGET, there)["light"].path == path
        assert path.read_bytes() == whole


def test_what_one_platform_had_fetched_another_finds(places: WheelPlaces, index: Index, tmp_path: Path) -> None:
    pure = index.add(make_wheel(tmp_path / "made", "light", "2.0", {"light.py": ""}))
    first = gather_wheels(wanted(pure), TARGET, with_index(places, index.url))
    arm64 = Target("3.11", "linux/arm64", "manylinux_2_36")
    assert gather_wheels(wanted_wheels([pure], [pure], arm64), arm64, places) == first


def test_a_wheel_for_another_processor_is_fetched_as_its_own_is(
    places: WheelPlaces, index: Index, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path / "made", "heavy", "1.0", {}, "cp311-cp311-manylinux_2_17_aarch64")
    package, arm64 = index.add(wheel), Target("3.11", "linux/arm64", "manylinux_2_36")
    found = gather_wheels(wanted_wheels([package], [package], arm64), arm64, with_index(places, index.url))
    assert found["heavy"].path.name == wheel.name


def test_a_lock_that_names_no_files_gets_the_one_that_fits(places: WheelPlaces, index: Index, tmp_path: Path) -> None:
    package = index.add(make_wheel(tmp_path / "made", "light", "2.0", {"light.py": ""}))
    other = LockedFile("", f"sha256:{'0' * 64}")
    unnamed = LockedPackage("light", "2.0", (LockedFile("", package.hashes[0]), other))
    found = gather_wheels(wanted_wheels([unnamed], [], TARGET), TARGET, with_index(places, index.url))
    assert str(found["light"].digest) == package.hashes[0]


def test_a_file_that_is_not_what_was_locked_is_refused_in_pips_words(
    places: WheelPlaces, index: Index, tmp_path: Path
) -> None:
    index.add(make_wheel(tmp_path / "made", "light", "2.0", {"light.py": "other"}))
    package = locked(make_wheel(tmp_path / "made", "light", "2.0", {"light.py": ""}))
    with pytest.raises(ImageError, match=r"pip cannot fetch the image's wheels:[\s\S]*DO NOT MATCH THE HASHES"):
        gather_wheels(wanted(package), TARGET, with_index(places, index.url))
    assert not places.cache.folder.exists()


def test_a_wheel_that_is_nowhere_is_refused_and_no_password_is_told(
    places: WheelPlaces, index: Index, tmp_path: Path
) -> None:
    package = locked(make_wheel(tmp_path / "made", "light", "2.0", {"light.py": ""}))
    url = index.url.replace("http://", f"http://me:{PASSWORD}@")
    with pytest.raises(ImageError, match="pip cannot fetch") as raised:
        gather_wheels(wanted(package), TARGET, with_index(places, url))
    assert PASSWORD not in str(raised.value)
    assert "--engine docker" in str(raised.value.hint)
