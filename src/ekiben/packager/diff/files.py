"""Which files differ between two Bentos, by what their SHA256SUMS say. `ekiben verify` checks the bytes, not we."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.packager.diff.reading import file_size
from ekiben.store.documents import read_bytes
from ekiben.store.sums import SUMS, parse_sums

Kind: TypeAlias = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as one of the Bentos has it; `size_bytes` is None where the file itself is missing."""

    digest: Digest
    size_bytes: int | None
    is_executable: bool


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that only one of them has, or that differs in content or mode."""

    path: str
    old: FileState | None
    new: FileState | None

    @property
    def kind(self) -> Kind:
        """What became of it."""
        return kind_of(self.old, self.new)

    @property
    def is_of_mode_alone(self) -> bool:
        """Whether both have the same bytes."""
        return self.old is not None and self.new is not None and self.old.digest == self.new.digest


def kind_of(old: object | None, new: object | None) -> Kind:
    """The kind of a change by which of its sides there are."""
    if old is None:
        return "added"
    return "removed" if new is None else "changed"


@dataclass(frozen=True, slots=True)
class FileList:
    """The files of the Bento in `folder`, by path, as it lists them."""

    folder: Path
    digests: dict[str, Digest]
    executables: frozenset[str]

    def state(self, path: str) -> FileState | None:
        """The file at `path`, None where the Bento has none."""
        if path not in self.digests:
            return None
        return FileState(self.digests[path], file_size(self.folder, path), path in self.executables)


def read_file_list(folder: Path, executables: Collection[str]) -> FileList:
    """The files that SHA256SUMS lists. Raises DamagedItem where there is none or it cannot be read."""
    try:
        return FileList(folder, parse_sums(read_bytes(folder / SUMS)), frozenset(executables))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DamagedItem(f"`{folder}` has no {SUMS}", hint="build or import the Bento again") from error


def diff_files(old: FileList, new: FileList) -> tuple[FileChange, ...]:
    """The files that differ, by path. Only of those the sizes are looked up."""
    paths = sorted(path for path in old.digests.keys() | new.digests.keys() if _known(old, path) != _known(new, path))
    return tuple(FileChange(path, old.state(path), new.state(path)) for path in paths)


def _known(files: FileList, path: str) -> tuple[Digest | None, bool]:
    """What counts: content and mode; a mode means nothing without a file."""
    digest = files.digests.get(path)
    return digest, digest is not None and path in files.executables
