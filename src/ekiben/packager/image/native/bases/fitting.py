"""Whether a Bento can stand on a base image: asked before anything is fetched or built. Pure."""

from __future__ import annotations

from ekiben.errors import ImageError
from ekiben.oci.descriptor import Platform
from ekiben.packager.image.native.bases.facts import BaseFacts
from ekiben.packager.lock.target import Target

_ANOTHER = "name another base with `--base`, or `docker.base_image`"


def target_on(facts: BaseFacts, what: str, its: Platform, python: str, asked: Platform) -> Target:
    """What wheels have to run on: `facts` of the base called `what`, which is for the platform `its`, for a Bento of
    `python` that is to run on `asked`. Raises ImageError with the first reason why the Bento cannot stand on it."""
    if not asked.takes(its):
        raise ImageError(f"the base {what} is for `{its}`, and the image for `{asked}`", hint=_ANOTHER)
    if facts.interpreter is None:
        raise ImageError(f"the base {what} has no python3 on its PATH", hint="take one that has, or `--base host`")
    if facts.python != python:
        there = f"Python {facts.python}" if facts.python else "a Python of no version that its files tell"
        raise ImageError(f"the base {what} has {there}, and the Bento is locked for Python {python}", hint=_ANOTHER)
    if facts.glibc is None:
        reason = "has musl as its C library (Alpine)" if facts.has_musl else "has no GNU C library that can be found"
        raise ImageError(
            f"the base {what} {reason}, and the Bento is locked for glibc", hint="take a Debian one, such as `-slim`"
        )
    if facts.in_the_way:
        raise ImageError(f"the base {what} cannot be built on: {facts.in_the_way}", hint=_ANOTHER)
    return Target(python, f"{asked.os}/{asked.architecture}", f"manylinux_{facts.glibc.replace('.', '_')}")
