"""Environment markers (PEP 508) answered for a target, not for the machine that asks."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.markers import Marker

from ekiben.packager.lock.target import Target


def holds(marker: str, target: Target, extras: Iterable[str] = ()) -> bool:
    """Whether `marker` holds on `target`; a marker that asks for an extra does if any of `extras` answers it."""
    environment = marker_environment(target)
    parsed = Marker(marker)
    return any(parsed.evaluate({**environment, "extra": extra}) for extra in (list(extras) or [""]))


def marker_environment(target: Target) -> dict[str, str]:
    """What markers see on `target`. Its patch release and kernel are not known: the image's base decides them."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{target.python}.0",
        "os_name": "posix",
        "platform_machine": target.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{target.python}.0",
        "python_version": target.python,
        "sys_platform": "linux",
    }
