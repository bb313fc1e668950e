"""A bento.lock fits, or it is said why not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ekiben.packager.lock.base_image import BaseImage
from ekiben.packager.lock.bento_lock import BentoLock, LockInputs
from ekiben.packager.lock.freshness import differences
from ekiben.packager.lock.target import Target
from tests.packager.lock.test_cache import LOCK

INPUTS = LockInputs(("idna", "six>=1"), ("extra index a", "extra index b"), BaseImage("python:3.11-slim"))
COMMITTED = BentoLock(INPUTS, (LOCK, replace(LOCK, target=Target("3.11", "linux/arm64"))))
TARGET = LOCK.target


def test_nothing_is_said_of_one_that_fits() -> None:
    assert differences(COMMITTED, INPUTS, [TARGET], "uv") == []
    assert differences(COMMITTED, INPUTS, [Target("3.11", "linux/arm64"), TARGET], "uv") == []


@pytest.mark.parametrize(
    ("wanted", "phrases"),
    [
        (replace(INPUTS, requirements=("idna>=3", "six>=1")), ["`idna>=3` is new", "`idna` is gone"]),
        (
            replace(INPUTS, requirements=("idna --hash=sha256:aa", "six>=1")),
            ["`idna` has other content"],
        ),
        (replace(INPUTS, requirements=("idna", "six>=1", "x @ file:x --hash=sha256:aa")), ["`x @ file:x` is new"]),
        (replace(INPUTS, sources=("extra index a",)), ["`extra index b` is gone"]),
        (replace(INPUTS, sources=INPUTS.sources[::-1]), ["the order of the indexes has changed"]),
        (
            replace(INPUTS, base=BaseImage("debian:12")),
            ["the base image is `debian:12`, no longer `python:3.11-slim`"],
        ),
        (
            replace(INPUTS, base=BaseImage("python:3.11-slim", "sha256:aa")),
            ["the base image's digest is `sha256:aa`"],
        ),
        (
            replace(INPUTS, interpreter=BaseImage("python:3.11-slim-bookworm")),
            ["Python is copied from `python:3.11-slim-bookworm`"],
        ),
    ],
)
def test_changed_inputs_are_named(wanted: LockInputs, phrases: list[str]) -> None:
    assert differences(COMMITTED, wanted, [TARGET], "uv") == phrases


@pytest.mark.parametrize(
    ("target", "phrase"),
    [
        (Target("3.12", "linux/amd64"), "linux/amd64 is for Python 3.12, no longer 3.11"),
        (Target("3.11", "linux/amd64", "manylinux_2_28"), "linux/amd64 is for glibc 2.28, no longer glibc 2.36"),
    ],
)
def test_a_changed_target_is_named(target: Target, phrase: str) -> None:
    assert differences(COMMITTED, INPUTS, [target], "uv") == [phrase]


def test_a_platform_that_is_not_locked_is_named() -> None:
    one = replace(COMMITTED, locks=(LOCK,))
    assert differences(one, INPUTS, [Target("3.11", "linux/arm64")], "uv") == ["nothing is locked for linux/arm64"]


def test_another_tool_is_named() -> None:
    assert differences(COMMITTED, INPUTS, [TARGET], "pip-tools") == ["pip-tools locks, no longer uv"]
