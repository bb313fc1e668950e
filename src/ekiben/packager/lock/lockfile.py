"""`LockedPackage` and the text of requirements.lock: exact pins with the hashes of every file that may be installed.

One pin per name, sorted, in pip's requirements format, with nothing that depends on the tool or the index:

    idna==3.10 \\
        --hash=sha256:12f6... \\
        --hash=sha256:946d...

The same pins with the names and sizes of their files are in pylock.toml (`pylock`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from ekiben.errors import LockError
from ekiben.packager.lock.lines import logical_lines
from ekiben.packager.lock.origin import Origin

# What a file of an index may be called; it is written into lock files, and is a path beside them.
FILE_NAME = r"[A-Za-z0-9.!+_-]*"

_INDENT = "    "
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*])?==(?P<version>[^\s;=]+)(?:\s*;\s*(?P<marker>.+))?")
_HASH = re.compile(r"--hash[= ](?P<hash>[a-z0-9]+:[0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class LockedFile:
    """A file of a package: a wheel or an sdist. `sha256` is `sha256:<hex>`; `name` is empty where only the hash is
    known, as in requirements.lock; `url` is where an index has it, for bento.lock alone: nothing in a Bento names a
    host."""

    name: str
    sha256: str
    size_bytes: int | None = None
    url: str | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether it is installed as it is, and not built first."""
        return self.name.endswith(".whl")


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One pin: `name` in its canonical spelling, `marker` None where it always applies. `licence` is an SPDX expression
    where the package gives one, else its own words, None where it is unknown; `is_yanked` means that its author has
    withdrawn the version; `origin` is None where an index gave it."""

    name: str
    version: str
    files: tuple[LockedFile, ...]
    marker: str | None = None
    licence: str | None = None
    is_yanked: bool = False
    origin: Origin | None = None

    @property
    def hashes(self) -> tuple[str, ...]:
        """The hashes of the files, as `sha256:<hex>`, sorted."""
        return tuple(sorted({file.sha256 for file in self.files}))


def parse_lock(text: str) -> list[LockedPackage]:
    """The pins that a requirements.lock holds, in its order, their files known by hash alone. Raises LockError for a
    line that is no pin with hashes."""
    return [_parse_pin(line) for _, line in logical_lines(text)]


def format_lock(packages: Iterable[LockedPackage]) -> str:
    """The requirements.lock that holds these pins, sorted by name, each with its hashes sorted."""
    return "".join(_format_pin(package) for package in sorted(packages, key=lambda one: (one.name, one.version)))


def _parse_pin(line: str) -> LockedPackage:
    pin, *options = re.split(r"\s+(?=--hash)", line)
    found = _PIN.fullmatch(pin.strip())
    hashes = [_HASH.fullmatch(option.strip()) for option in options]
    if found is None or not all(hashes):
        raise LockError(f"`{line}` in a lock is no pin of the form `name==version --hash=sha256:...`")
    return LockedPackage(
        name=canonicalize_name(found["name"]),
        version=found["version"],
        files=tuple(LockedFile("", one) for one in sorted({one["hash"] for one in hashes if one})),
        marker=found["marker"],
    )


def _format_pin(package: LockedPackage) -> str:
    marker = f" ; {package.marker}" if package.marker else ""
    parts = [
        f"{package.name}=={package.version}{marker}",
        *(f"{_INDENT}--hash={one}" for one in package.hashes),
    ]
    return " \\\n".join(parts) + "\n"
