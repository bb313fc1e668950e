"""Whether an image can run a wheel, told by its file name alone (PEP 425, 600)."""

from __future__ import annotations

from pathlib import Path

from ekiben.errors import ImageError
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_tags import fits


def require_fit(wheel: Path, target: Target) -> None:
    """Raises ImageError unless the target's Python, architecture and C library run `wheel`."""
    if not fits(wheel.name, target):
        raise ImageError(
            f"`{wheel.name}` does not run on {target} with {target.libc_name}",
            hint="lock for this image's platform and base, or take a base that the wheel is for",
        )
