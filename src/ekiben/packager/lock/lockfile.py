"""The text of a lock: exact pins with the hashes of every file that may be installed for them.

One pin per name, sorted, in pip's requirements format, with nothing that depends on the tool or the index:

    idna==3.10 \\
        --hash=sha256:12f6... \\
        --hash=sha256:946d...
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from ekiben.errors import LockError
from ekiben.packager.lock.lines import logical_lines

_INDENT = "    "
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*])?==(?P<version>[^\s;=]+)(?:\s*;\s*(?P<marker>.+))?")
_HASH = re.compile(r"--hash[= ](?P<hash>[a-z0-9]+:[0-9a-f]+)")


@dataclass(frozen=True, slots=True, order=True)
class LockedPackage:
    """One pin: `name` in its canonical spelling, `hashes` as `sha256:<hex>`, `marker` None where it always applies."""

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str | None = None


def parse_lock(text: str) -> list[LockedPackage]:
    """The pins that a lock holds, in its order. Raises LockError for a line that is no pin with hashes."""
    return [_parse_pin(line) for _, line in logical_lines(text)]


def format_lock(packages: Iterable[LockedPackage]) -> str:
    """The lock that holds these pins, sorted by name, each with its hashes sorted."""
    return "".join(_format_pin(package) for package in sorted(packages))


def _parse_pin(line: str) -> LockedPackage:
    pin, *options = re.split(r"\s+(?=--hash)", line)
    found = _PIN.fullmatch(pin.strip())
    hashes = [_HASH.fullmatch(option.strip()) for option in options]
    if found is None or not all(hashes):
        raise LockError(f"`{line}` in a lock is no pin of the form `name==version --hash=sha256:...`")
    return LockedPackage(
        name=canonicalize_name(found["name"]),
        version=found["version"],
        hashes=tuple(sorted({one["hash"] for one in hashes if one})),
        marker=found["marker"],
    )


def _format_pin(package: LockedPackage) -> str:
    marker = f" ; {package.marker}" if package.marker else ""
    parts = [
        f"{package.name}=={package.version}{marker}",
        *(f"{_INDENT}--hash={one}" for one in sorted(package.hashes)),
    ]
    return " \\\n".join(parts) + "\n"
