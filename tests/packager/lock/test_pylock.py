"""pylock.toml: what we write others read, and what others write we read."""

from __future__ import annotations

import tomllib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock

from ekiben.errors import LockError
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.origin import Origin
from ekiben.packager.lock.pylock import format_pylock, parse_pylock
from ekiben.packager.lock.target import Target
from tests.packager.lock.test_lockfile import digests, names, versions

TARGET = Target("3.12", "linux/arm64")
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


def make(
    name: str, version: str, found: list[str], licence: str | None, is_yanked: bool, origin: Origin | None
) -> LockedPackage:
    stem = f"{name.replace('-', '_')}-{version}"
    files = [LockedFile(f"{stem}-{number}-py3-none-any.whl", one, number * 7) for number, one in enumerate(found)]
    return LockedPackage(
        name, version, (*files, LockedFile(f"{stem}.tar.gz", found[0])), None, licence, is_yanked, origin
    )


packages = st.builds(
    make,
    names,
    versions,
    st.lists(digests, min_size=1, max_size=3),
    st.none() | texts,
    st.booleans(),
    st.none() | st.builds(Origin, st.sampled_from(["wheel", "path", "vcs"]), st.none() | texts, st.none() | texts),
)
locks = st.lists(packages, unique_by=lambda one: one.name)


@given(locks)
def test_what_is_written_reads_back_the_same(pins: list[LockedPackage]) -> None:
    assert parse_pylock(format_pylock(pins, TARGET)) == tuple(sorted(pins, key=lambda one: one.name))


@given(locks)
def test_what_is_written_is_valid_by_its_specification(pins: list[LockedPackage]) -> None:
    read = Pylock.from_dict(tomllib.loads(format_pylock(pins, TARGET)))
    assert [one.name for one in read.packages] == sorted(one.name for one in pins)


@given(locks, st.randoms(use_true_random=False))
def test_the_order_of_pins_and_files_does_not_matter(pins: list[LockedPackage], random: Random) -> None:
    shuffled = list(pins)
    random.shuffle(shuffled)
    assert format_pylock(shuffled, TARGET) == format_pylock(pins, TARGET)


def test_no_host_is_named() -> None:
    file = LockedFile("x-1-py3-none-any.whl", f"sha256:{'0' * 64}", 5, "https://index.example/x-1-py3-none-any.whl")
    text = format_pylock([LockedPackage("x", "1", (file,))], TARGET)
    assert "index.example" not in text
    assert 'path = "wheels/x-1-py3-none-any.whl"' in text


def test_it_is_for_one_python_and_machine() -> None:
    (environment,) = Pylock.from_dict(tomllib.loads(format_pylock([], TARGET))).environments or ()
    fitting = {"implementation_name": "cpython", "sys_platform": "linux", "platform_machine": "aarch64"}
    assert environment.evaluate({**fitting, "python_version": "3.12"})
    assert not environment.evaluate({**fitting, "python_version": "3.11"})
    assert not environment.evaluate({**fitting, "python_version": "3.12", "platform_machine": "x86_64"})


def test_a_lock_of_another_tool_is_read() -> None:
    text = """
lock-version = "1.0"
created-by = "another"
[[packages]]
name = "Some.Pkg"
version = "1.0"
index = "https://index.example/simple"
wheels = [{ path = "../files/a.whl", size = 3, hashes = { sha256 = "bb" } }]
[packages.sdist]
url = "https://index.example/some%20pkg-1.0.tar.gz"
upload-time = 2025-01-01T00:00:00Z
hashes = { md5 = "aa" }
"""
    (package,) = parse_pylock(text)
    assert (package.name, package.version) == ("some-pkg", "1.0")
    assert package.files == (
        LockedFile("a.whl", "sha256:bb", 3),
        LockedFile("some pkg-1.0.tar.gz", "", None, "https://index.example/some%20pkg-1.0.tar.gz"),
    )


@pytest.mark.parametrize(
    "text",
    ["[", "packages = 1", "[[packages]]\nversion = '1'", "[[packages]]\nname = 'x'\nwheels = [1]", "packages = [1]"],
)
def test_what_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(LockError, match=r"no pylock\.toml"):
        parse_pylock(text)
