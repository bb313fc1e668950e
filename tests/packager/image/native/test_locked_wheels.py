"""Which wheel of a locked package an image gets."""

from __future__ import annotations

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.packager.image.native.locked_wheels import wanted_wheels
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage, format_lock
from ekiben.packager.lock.target import Target

TARGET = Target("3.11", "linux/amd64", "manylinux_2_31")


def file(name: str) -> LockedFile:
    return LockedFile(name, str(Digest.of_bytes(name.encode())), 1)


OLD = file("numpy-1.0-cp311-cp311-manylinux_2_17_x86_64.whl")
NEW = file("numpy-1.0-cp311-cp311-manylinux_2_36_x86_64.whl")
SOURCE = file("numpy-1.0.tar.gz")
NAMED = LockedPackage("numpy", "1.0", (OLD, NEW, SOURCE))
UNNAMED = LockedPackage("numpy", "1.0", tuple(LockedFile("", one.sha256) for one in NAMED.files))


def test_the_wheel_is_the_one_that_the_bases_own_c_library_runs() -> None:
    (old,) = wanted_wheels([UNNAMED], [NAMED], TARGET)
    (new,) = wanted_wheels([UNNAMED], [NAMED], Target("3.11", "linux/amd64", "manylinux_2_36"))
    assert (old.file_name, str(old.digest)) == (OLD.name, OLD.sha256)
    assert (new.file_name, str(new.digest)) == (NEW.name, NEW.sha256)


def test_its_line_of_a_lock_fits_no_other_file() -> None:
    (wanted,) = wanted_wheels([UNNAMED], [NAMED], TARGET)
    assert format_lock([wanted.pin]) == f"numpy==1.0 \\\n    --hash={OLD.sha256}\n"


def test_where_the_lock_names_no_files_any_of_its_hashes_will_do() -> None:
    (wanted,) = wanted_wheels([UNNAMED], [], TARGET)
    assert wanted.digest is None
    assert {str(one) for one in wanted.digests} == set(UNNAMED.hashes)


def test_a_name_whose_hash_the_lock_does_not_have_is_not_believed() -> None:
    pinned = LockedPackage("numpy", "1.0", (LockedFile("", SOURCE.sha256),))
    with pytest.raises(ImageError, match=r"`numpy` 1\.0 has no wheel for Python 3\.11 on linux/amd64") as raised:
        wanted_wheels([pinned], [NAMED], TARGET)
    assert "--engine docker" in str(raised.value.hint)


def test_a_package_for_another_system_is_left_out() -> None:
    windows = LockedPackage("colorama", "1.0", (), marker="sys_platform == 'win32'")
    assert wanted_wheels([windows], [], TARGET) == ()
