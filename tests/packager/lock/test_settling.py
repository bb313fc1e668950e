"""What a lock holds of what a resolver found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import LockError
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.settling import needs_building, read_local_files, settle_pins, without_local_urls
from ekiben.packager.lock.target import Target
from tests.packager.lock.local_index import hash_of, pin

OLD = Target("3.12", "linux/amd64", "manylinux_2_28")
HASH = f"sha256:{'0' * 64}"


def package(*names: str) -> LockedPackage:
    return LockedPackage("x", "1", tuple(LockedFile(name, HASH) for name in names))


def test_wheels_for_a_newer_c_library_only_are_an_error_that_says_which() -> None:
    newer = package("x-1-cp312-cp312-manylinux_2_39_x86_64.whl", "x-1-cp312-cp312-manylinux_2_34_x86_64.whl")
    with pytest.raises(LockError, match=r"need glibc 2\.34 or newer, and the base image is taken to have glibc 2\.28"):
        settle_pins([newer], {}, OLD)
    settle_pins([newer], {}, Target("3.12", "linux/amd64", "manylinux_2_34"))


def test_files_for_other_platforms_are_left_out() -> None:
    (settled,) = settle_pins([package("x-1-cp312-cp312-win_amd64.whl", "x-1-py3-none-any.whl", "x-1.tar.gz")], {}, OLD)
    assert [file.name for file in settled.files] == ["x-1-py3-none-any.whl"]


def test_a_package_without_any_file_for_the_target_is_an_error() -> None:
    with pytest.raises(LockError, match=r"no file of `x==1` can be installed"):
        settle_pins([package("x-1-cp312-cp312-win_amd64.whl")], {}, OLD)


@pytest.mark.parametrize("name", ["x 1.tar.gz", "../x-1.tar.gz", "x-1.tar.gz\n-r evil"])
def test_a_file_of_another_name_than_files_have_is_left_out(name: str) -> None:
    (settled,) = settle_pins([package(name, "x-1.zip")], {}, OLD)
    assert [file.name for file in settled.files] == ["x-1.zip"]


def test_a_package_that_has_to_be_built_is_known() -> None:
    assert needs_building(package("x-1.tar.gz"), OLD)
    assert not needs_building(package("x-1-py3-none-any.whl"), OLD)
    assert not needs_building(package(""), OLD)


def test_a_file_on_this_machine_gets_its_size_and_hash(tmp_path: Path) -> None:
    path = tmp_path / "x 1.whl"
    path.write_bytes(b"content")
    file = LockedFile(path.name, "", url=path.as_uri())
    (read,) = read_local_files([LockedPackage("x", "1", (file,))])
    assert read.files == (LockedFile(path.name, hash_of(path), 7, path.as_uri()),)


def test_a_file_that_is_not_what_its_index_says_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    path.write_bytes(b"content")
    with pytest.raises(LockError, match="another sha256"):
        read_local_files([LockedPackage("x", "1", (LockedFile(path.name, HASH, url=path.as_uri()),))])
    path.unlink()
    with pytest.raises(LockError, match="cannot be read"):
        read_local_files([LockedPackage("x", "1", (LockedFile(path.name, HASH, url=path.as_uri()),))])


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://index.example/x.whl", True),
        ("file:///home/me/x.whl", False),
        ("https://me:word@index.example/x.whl", False),
        ("https://index.example/x.whl?token=word", False),
    ],
)
def test_only_public_places_are_written_down(url: str, kept: bool) -> None:
    (cleaned,) = without_local_urls([LockedPackage("x", "1", (LockedFile("x.whl", HASH, 1, url),))])
    assert cleaned.files == (LockedFile("x.whl", HASH, 1, url if kept else None),)


def test_a_file_in_several_places_is_written_once_and_with_the_one_that_all_have() -> None:
    places = ("file:///a/x.whl", "https://index.example/x.whl", "file:///b/x.whl")
    files = tuple(LockedFile("x.whl", HASH, url=url) for url in places)
    other = LockedFile("x.whl", f"sha256:{'1' * 64}")
    (written,) = without_local_urls([LockedPackage("x", "1", (*files, other))])
    assert written.files == (files[1], other)


@given(st.frozensets(st.sampled_from("abcd"), min_size=1), st.frozensets(st.sampled_from("abcd")))
def test_named_hashes_only_ever_narrow(found: frozenset[str], named: frozenset[str]) -> None:
    x = pin("x", "1", *sorted(found), marker="python_version > '3'")
    if found & named:
        assert settle_pins([x], {"x": named}, OLD) == (pin("x", "1", *sorted(found & named)),)
    else:
        with pytest.raises(LockError):
            settle_pins([x], {"x": named}, OLD)
    assert settle_pins([x], {"y": named}, OLD) == (replace(x, marker=None),)


def test_a_pin_without_any_hash_is_refused() -> None:
    with pytest.raises(LockError, match="no index gives a hash"):
        settle_pins([pin("x", "1")], {}, OLD)
