"""pylock.toml (PEP 751): a lock with the name, size and hash of every file, written for a Bento and read from any tool.

What we write names no host and no time, since it is content: a file's `path` is where it would lie beside the lock, as
the Bento's own wheels do, and licence, withdrawal and origin stand under `[packages.tool.ekiben]`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from ekiben.errors import LockError
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.origin import Origin
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.toml_text import toml_table, toml_text, toml_value

_VERSION = "1.0"
_WHEELS = "wheels"  # the folder beside the lock that holds a Bento's own wheels
T = TypeVar("T")


def format_pylock(packages: Iterable[LockedPackage], target: Target) -> str:
    """The pylock.toml of these pins for one target, sorted by name. A package none of whose files has a name is not in
    it: the specification has no word for it."""
    lines = [
        f"lock-version = {toml_value(_VERSION)}",
        f"environments = [{toml_value(_environment(target))}]",
        f"requires-python = {toml_value(f'=={target.python}.*')}",
        f"created-by = {toml_value('ekiben')}",
    ]
    named = [package for package in packages if any(file.name for file in package.files)]
    if not named:
        lines.append("packages = []")  # the specification asks for the key
    for package in sorted(named, key=lambda one: (one.name, one.version)):
        lines += _package_lines(package)
    return toml_text(lines)


def parse_pylock(text: str, folder: Path | None = None) -> tuple[LockedPackage, ...]:
    """The pins of a pylock.toml, of ours or of another tool, in its order.

    With a `folder`, where the lock lies, a file that is given by its path gets that as its `file://` URL; without one
    paths are passed over. A file without a sha256 has an empty one. Raises LockError for what is no pylock.toml.
    """
    try:
        document = tomllib.loads(text)
        return tuple(_package(row, folder) for row in _typed(document.get("packages", []), list))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise LockError(f"this is no pylock.toml: {error}") from error


def _environment(target: Target) -> str:
    return (
        f"implementation_name == 'cpython' and sys_platform == 'linux' and platform_machine == '{target.machine}'"
        f" and python_version == '{target.python}'"
    )


def _package_lines(package: LockedPackage) -> list[str]:
    named = sorted((file for file in package.files if file.name), key=lambda one: one.name)
    wheels = [_file_entry(file) for file in named if file.is_wheel]
    sdists = [_file_entry(file) for file in named if not file.is_wheel]
    origin = package.origin
    ours = {
        "licence": package.licence,
        "yanked": package.is_yanked or None,
        "origin": asdict(origin) if origin else None,
    }
    head = {"name": package.name, "version": package.version, "marker": package.marker}
    lines = toml_table("[[packages]]", {**head, **({"wheels": wheels} if wheels else {})})
    if sdists:  # the specification has one; of several (`.tar.gz`, `.zip`) any does
        lines.append(f"sdist = {toml_value(sdists[0])}")
    return lines + (toml_table("[packages.tool.ekiben]", ours) if any(ours.values()) else [])


def _file_entry(file: LockedFile) -> dict[str, object]:
    algorithm, _, digest = file.sha256.partition(":")
    path = f"{_WHEELS}/{file.name}"
    return {"name": file.name, "path": path, "size": file.size_bytes, "hashes": {algorithm: digest}}


def _package(row: object, folder: Path | None) -> LockedPackage:
    fields = _typed(row, dict)
    files = [*_typed(fields.get("wheels", []), list), *([fields["sdist"]] if "sdist" in fields else [])]
    ours = _typed(_typed(fields.get("tool", {}), dict).get("ekiben", {}), dict)
    origin = _typed(ours["origin"], dict) if "origin" in ours else None
    return LockedPackage(
        name=canonicalize_name(_typed(fields["name"], str)),
        version=_typed(fields.get("version", ""), str),
        files=tuple(_file(_typed(file, dict), folder) for file in files),
        marker=fields.get("marker"),
        licence=ours.get("licence"),
        is_yanked=bool(ours.get("yanked")),
        origin=Origin(**origin) if origin else None,
    )


def _file(fields: Mapping[str, object], folder: Path | None) -> LockedFile:
    url, path = fields.get("url"), fields.get("path")
    if url is None and path is not None and folder is not None:
        url = (folder / _typed(path, str)).absolute().as_uri()
    place = urlsplit(str(url)).path if url else str(path or "")
    name = fields.get("name") or unquote(place.rpartition("/")[2])
    size = fields.get("size")
    digest = _typed(fields.get("hashes", {}), dict).get("sha256")
    return LockedFile(
        name=_typed(name, str),
        sha256=f"sha256:{_typed(digest, str)}" if digest else "",
        size_bytes=None if size is None else _typed(size, int),
        url=None if url is None else _typed(url, str),
    )


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"`{value}` is no {kind.__name__}")
    return value
