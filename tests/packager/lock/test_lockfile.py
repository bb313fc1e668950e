"""Locks are read and written without loss."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import LockError
from ekiben.packager.lock.lockfile import LockedPackage, format_lock, parse_lock
from tests.packager.lock.local_index import pin

names = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+){0,2}", fullmatch=True)
versions = st.from_regex(r"(0|[1-9][0-9]?)(\.[0-9]{1,2}){0,2}((a|rc)[0-9])?(\+cpu)?", fullmatch=True)
digests = st.binary(min_size=32, max_size=32).map(lambda one: f"sha256:{one.hex()}")
hashes = st.lists(digests, min_size=1, max_size=4, unique=True).map(sorted)
markers = st.none() | st.sampled_from(['sys_platform == "linux"', 'python_version < "3.12" and extra == "x"'])
packages = st.builds(
    lambda name, version, found, marker: pin(name, version, *found, marker=marker), names, versions, hashes, markers
)


def by_name(pins: list[LockedPackage]) -> list[LockedPackage]:
    return sorted(pins, key=lambda one: one.name)


@given(st.lists(packages, unique_by=lambda one: one.name))
def test_what_is_written_reads_back_the_same(pins: list[LockedPackage]) -> None:
    assert parse_lock(format_lock(pins)) == by_name(pins)


@given(st.lists(packages, unique_by=lambda one: one.name), st.randoms(use_true_random=False))
def test_the_order_of_the_pins_does_not_matter(pins: list[LockedPackage], random: Random) -> None:
    shuffled = list(pins)
    random.shuffle(shuffled)
    assert format_lock(shuffled) == format_lock(pins)


def test_a_lock_of_another_tool_with_header_and_annotations_is_read() -> None:
    text = """\
# by some tool
PyYAML==6.0.1 ; sys_platform != 'win32' \\
    --hash=sha256:ab \\
    --hash=sha256:aa
    # via x
"""
    assert parse_lock(text) == [pin("pyyaml", "6.0.1", "sha256:aa", "sha256:ab", marker="sys_platform != 'win32'")]


def test_each_hash_has_a_line_of_its_own() -> None:
    written = format_lock([pin("idna", "3.10", "sha256:b", "sha256:a")])
    assert written == "idna==3.10 \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n"


@pytest.mark.parametrize(
    "line", ["idna>=3", "-e .", "--index-url https://x", "idna @ https://x/y.whl", "idna==3 --pre"]
)
def test_a_line_that_is_no_pin_is_refused(line: str) -> None:
    with pytest.raises(LockError, match="no pin"):
        parse_lock(line)
