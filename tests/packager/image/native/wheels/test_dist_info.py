"""What a wheel says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version

from ekiben.oci.contents import Contents
from ekiben.packager.image.native.wheels.archive import WheelArchive
from ekiben.packager.image.native.wheels.dist_info import DistInfo, read_dist_info
from ekiben.packager.image.native.wheels.refused import Refused
from tests.packager.image.native.wheels.wheels import WHEEL, make_wheel, make_zip

POINTS = "made-1.0.dist-info/entry_points.txt"


def read(path: Path) -> DistInfo:
    """What the wheel at `path` says."""
    with Contents() as contents:
        return read_dist_info(WheelArchive.open(path, contents))


def test_name_and_version_are_those_of_the_file(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, {}, name="My.Package", version="1.0+cpu", tag="cp311-cp311-manylinux_2_28_x86_64")
    info = read(path.rename(path.with_name("my_package-1.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl")))
    assert (info.name, info.version) == ("my-package", Version("1.0+cpu"))
    assert (info.folder, info.data_folder) == ("My.Package-1.0+cpu.dist-info", "My.Package-1.0+cpu.data")
    assert info.programs == {}


def test_a_build_number_is_no_part_of_the_version(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, {}).rename(tmp_path / "made-1.0-4-py3-none-any.whl")
    assert read(path).version == Version("1.0")


@pytest.mark.parametrize("name", ["made.whl", "made-1.0.whl", "made-1.0-py3-none-any.zip", "made-x-py3-none-any.whl"])
def test_a_file_that_is_not_called_as_wheels_are_is_refused(tmp_path: Path, name: str) -> None:
    path = make_wheel(tmp_path, {}).rename(tmp_path / name)
    with pytest.raises(Refused, match="its name is not that of a wheel"):
        read(path)


@pytest.mark.parametrize("name", ["other-1.0-py3-none-any.whl", "made-1.1-py3-none-any.whl"])
def test_the_metadata_of_another_wheel_is_refused(tmp_path: Path, name: str) -> None:
    path = make_wheel(tmp_path, {}).rename(tmp_path / name)
    with pytest.raises(Refused, match=r"its metadata is that of `made-1\.0`"):
        read(path)


def test_one_dist_info_folder_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"it has 0 \.dist-info folders"):
        read(make_zip(tmp_path / "made-1.0-py3-none-any.whl", [("made.py", b"")]))
    with pytest.raises(Refused, match=r"it has 2 \.dist-info folders"):
        read(make_wheel(tmp_path, {"other-1.0.dist-info/METADATA": ""}))


def test_metadata_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="it has no METADATA"):
        read(make_zip(tmp_path / "made-1.0-py3-none-any.whl", [("made-1.0.dist-info/WHEEL", WHEEL)]))


def test_data_of_another_wheel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"`other-1\.0\.data` in it is the data of another wheel"):
        read(make_wheel(tmp_path, {"other-1.0.data/purelib/x.py": ""}))


@pytest.mark.parametrize("version", ["2.0", "", "one", "1"])
def test_a_format_that_is_not_known_is_refused(tmp_path: Path, version: str) -> None:
    text = WHEEL.replace(b"1.0", version.encode(), 1)
    with pytest.raises(Refused, match="its format is version"):
        read(make_wheel(tmp_path, {"made-1.0.dist-info/WHEEL": text}))


def test_a_newer_minor_version_of_the_format_is_taken(tmp_path: Path) -> None:
    assert read(make_wheel(tmp_path, {"made-1.0.dist-info/WHEEL": WHEEL.replace(b"1.0", b"1.9", 1)})).name == "made"


def test_programs_are_the_entry_points_of_two_groups(tmp_path: Path) -> None:
    console = "[console_scripts]\nRun-It=made:main\nsecond = made:other [extra]\n# a comment\n"
    others = "\n[gui_scripts]\nwindow = made:main\n[made.plugins]\nplugin = made:main\n[DEFAULT]\na = b:c\n"
    programs = read(make_wheel(tmp_path, {POINTS: console + others})).programs
    assert programs == {"Run-It": "made:main", "second": "made:other [extra]", "window": "made:main"}


@pytest.mark.parametrize(
    "text", ["run = made:main\n", "[console_scripts]\nrun made:main\n", "[console_scripts]\na=b:c\na=d:e\n"]
)
def test_entry_points_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Refused, match=r"entry_points\.txt` cannot be read"):
        read(make_wheel(tmp_path, {POINTS: text}))
