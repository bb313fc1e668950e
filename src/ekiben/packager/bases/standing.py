"""`standing_of`: the base image of a Bento, and where its Python comes from. Pure.

    docker.base_image   that one, always
    cuda_version        NVIDIA's image of that version
    distro              the distribution's image; for Debian, that of Python

An image that has no Python gets one: from `docker.python_image`, else from an image of Python whose C library is not
newer, or, where the distribution has it, by the package manager.
"""

from __future__ import annotations

from dataclasses import dataclass

from ekiben.packager.bases.cuda import find_release, known_versions
from ekiben.packager.bases.distributions import ALPINE, DISTRIBUTIONS, Distribution, rpm_of_python
from ekiben.packager.bases.slim import slim_image, slim_image_for
from ekiben.packager.bentofile.grammar import Refused
from ekiben.packager.lock.base_image import BaseImage

_BASE_IMAGE = "name a `docker.base_image` that has"
_NO_MUSL = "leave `distro` out, which gives `python:<version>-slim`: Debian, and small, too"


@dataclass(frozen=True, slots=True)
class Standing:
    """`base` is the image's base. Where that has no `python3` of the Bento's version, the one of `python_image` is
    copied onto it; `python_package` is what the base's package manager installs for it."""

    base: str
    python_image: str | None = None
    python_package: str | None = None


class Unfit(Refused):
    """What a bentofile says at `docker.<key>` leads to no base."""

    def __init__(self, key: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.key = key


def standing_of(
    distro: str,
    python: str | None,
    *,
    cuda_version: str | None = None,
    base_image: str | None = None,
    python_image: str | None = None,
    has_conda: bool = False,
) -> Standing:
    """What an image with a Python such as `3.12` or `3.12.4` stands on; where `python` is None, all but that is held
    against each other. With conda, Python is conda's. Raises Unfit where there is no such base."""
    if distro == ALPINE:
        raise Unfit("distro", f"`{ALPINE}` has musl as its C library, on which wheels for glibc do not run", _NO_MUSL)
    system = DISTRIBUTIONS[distro]
    if base_image:
        wants_copy = cuda_version is not None and python is not None and not has_conda
        return Standing(base_image, python_image or (_copied_python(base_image, str(python)) if wants_copy else None))
    base = _cuda_base(distro, system, cuda_version) if cuda_version else system.image or slim_image(python or "3")
    if has_conda or python_image:
        return Standing(base, python_image)
    if system.pythons:
        return Standing(base, python_package=_packaged_python(distro, system, python))
    if not cuda_version or python is None:
        return Standing(base)
    copied = _copied_python(base, python)
    if copied is None:
        raise Unfit(
            "python_version",
            f"is `{python}`, and no image has it for a C library as old as that of `{base}`",
            "take a `docker.cuda_version` of 12.6 or later, or Python 3.13 or earlier",
        )
    return Standing(base, python_image=copied)


def _cuda_base(distro: str, system: Distribution, version: str) -> str:
    release = find_release(version)
    if release is None:
        known = ", ".join(f"`{one}`" for one in known_versions())
        hint = f"one of {known}; a newer one with its patch release, as `13.2.0`; or {_BASE_IMAGE} it"
        raise Unfit("cuda_version", f"is `{version}`, of which no image is known", hint)
    if system.cuda is None:
        systems = ", ".join(f"`{name}`" for name, one in DISTRIBUTIONS.items() if one.cuda)
        raise Unfit("cuda_version", f"has no image on `{distro}`", f"there are some on {systems}; or {_BASE_IMAGE} it")
    return release.image(system.cuda)


def _copied_python(base: str, python: str) -> str | None:
    """The image whose Python runs on `base`, by the C library that the base's name tells."""
    _, major, minor = BaseImage.parse(base).libc.split("_")
    return slim_image_for(python, (int(major), int(minor)))


def _packaged_python(distro: str, system: Distribution, python: str | None) -> str:
    minor = int(python.split(".")[1]) if python else min(system.pythons)
    if minor not in system.pythons:
        there = ", ".join(f'`"3.{one}"`' for one in sorted(system.pythons))
        hint = f"write one of {there}, or {_BASE_IMAGE} it"
        raise Unfit("python_version", f"is `{python}`, which `{distro}` has no package of", hint)
    return rpm_of_python(f"3.{minor}")
