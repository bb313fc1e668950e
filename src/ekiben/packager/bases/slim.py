"""The images of Python, `python:X-slim`, by the Debian that they are made of. Pure.

Their interpreter is copied to other systems, whose C library must not be older than that of this Debian.

Of November 2026, after https://hub.docker.com/_/python. Those on Debian 11 have got no updates since August 2025
(https://github.com/docker-library/python/pull/1042), and there is none with Python 3.14.
"""

from __future__ import annotations

# Debian's name, its glibc (https://packages.debian.org/libc6), and the newest minor version of Python, if there is one.
_SUITES = (
    ("trixie", (2, 41), None),
    ("bookworm", (2, 36), None),
    ("bullseye", (2, 31), 13),
)


def slim_image(python: str) -> str:
    """The image of a Python such as `3.12` or `3.12.4`, on whichever Debian is current."""
    return f"python:{python}-slim"


def slim_image_for(python: str, glibc: tuple[int, int]) -> str | None:
    """The image whose interpreter runs on a system with `glibc`, of the newest Debian that does; None where there is
    none."""
    minor = int(python.split(".")[1])
    fitting = (name for name, its, newest in _SUITES if its <= glibc and (newest is None or minor <= newest))
    name = next(fitting, None)
    return f"{slim_image(python)}-{name}" if name else None
