"""Two wheels that claim one path: decided before anything is written, so that no layer hides what another brought.

Files of one content are no conflict. Nor is the `__init__.py` of a namespace package of the old kind, which each of its
wheels brings in a spelling of its own: any of them does. Of wheels in one layer the first by name gives such a file,
else the upper layer's does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ekiben.errors import ImageError
from ekiben.oci.contents import Contents
from ekiben.oci.entries import Entry
from ekiben.packager.image.native.wheels.tree import WheelTree

_SHOWN = 3  # paths that a message names
# https://packaging.python.org/guides/packaging-namespace-packages/: the two ways to declare one by code
_DECLARATIONS = ((b"pkgutil", b"extend_path"), (b"pkg_resources", b"declare_namespace"))
_MAX_DECLARATION_BYTES = 4096  # a file that does more than declare differs in more than spelling


@dataclass(frozen=True, slots=True)
class Conflict:
    """A path that two wheels have different files at, or that is a file to one and a folder to the other."""

    path: str
    first: str
    second: str


def conflicts(trees: Iterable[WheelTree]) -> tuple[Conflict, ...]:
    """The conflicts among `trees`, by path. Raises ImageError or OSError where a wheel cannot be read."""
    ordered = _by_name(trees)
    owners: dict[str, tuple[WheelTree, Entry]] = {}
    found: list[Conflict] = []
    for tree in ordered:
        for entry in tree.entries:
            owner, other = owners.setdefault(entry.path, (tree, entry))
            if owner is not tree and not _is_same(owner, other, tree, entry):
                found.append(Conflict(entry.path, owner.name, tree.name))
    found += _files_as_folders(owners)
    return tuple(sorted(found, key=lambda one: (one.path, one.first, one.second)))


def refuse_conflicts(trees: Iterable[WheelTree]) -> None:
    """Raises ImageError where there is a conflict; it names the wheels of the first, and some of their paths."""
    found = conflicts(trees)
    if not found:
        return
    first, second = found[0].first, found[0].second
    paths = [one.path for one in found if (one.first, one.second) == (first, second)]
    named = ", ".join(f"`{path}`" for path in paths[:_SHOWN])
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    raise ImageError(
        f"`{first}` and `{second}` install different files at {named}{more}",
        hint="require one of them; `--engine docker` takes whichever pip installs last",
    )


def joined(trees: Iterable[WheelTree]) -> tuple[Entry, ...]:
    """The entries of wheels that share a layer and have no conflict: each path once."""
    entries: dict[str, Entry] = {}
    for tree in _by_name(trees):
        for entry in tree.entries:
            entries.setdefault(entry.path, entry)
    return tuple(entries.values())


def _by_name(trees: Iterable[WheelTree]) -> Sequence[WheelTree]:
    return sorted(trees, key=lambda tree: (tree.name, tree.version))


def _is_same(owner: WheelTree, other: Entry, tree: WheelTree, entry: Entry) -> bool:
    if owner.file_index[entry.path] == tree.file_index[entry.path]:
        return True
    return PurePosixPath(entry.path).name == "__init__.py" and _declares_namespace(other) and _declares_namespace(entry)


def _declares_namespace(entry: Entry) -> bool:
    assert entry.content is not None, "wheels install files"
    if entry.size_bytes > _MAX_DECLARATION_BYTES:
        return False
    with Contents() as contents:
        content = b"".join(contents.pieces(entry.path, entry.content, entry.size_bytes))
    return any(all(word in content for word in words) for words in _DECLARATIONS)


def _files_as_folders(owners: dict[str, tuple[WheelTree, Entry]]) -> Iterator[Conflict]:
    """Files below which another wheel has files."""
    seen: set[str] = set()
    for path, (tree, _) in owners.items():
        for folder in map(str, PurePosixPath(path).parents):
            if folder in seen:
                break
            seen.add(folder)
            if folder in owners:
                yield Conflict(folder, owners[folder][0].name, tree.name)
