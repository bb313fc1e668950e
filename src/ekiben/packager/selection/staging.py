"""The selected files copied into a Bento's `src/`, byte for byte, and kept so while the service is described there.

A file that is no longer what it was when it was selected, or that changes under the copying, is an error: a Bento holds
one state of its project. Which files these are is decided in `selection`.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import DescriptionError, SelectionError
from ekiben.packager.selection.selection import Fingerprint, SelectedFile, Selection
from ekiben.report import Reporter
from ekiben.store.disk import disk_errors
from ekiben.store.plain_file import open_plain

_CHUNK = 1024 * 1024  # bytes read at once


@dataclass(frozen=True, slots=True)
class StagedSource:
    """The copied files in `folder`, by relative path, as they were right after the copying."""

    folder: Path
    fingerprints: Mapping[str, Fingerprint]

    def restore(self) -> tuple[str, ...]:
        """Removes what came into `folder` since (a service may write on import), and says what it was.

        Raises DescriptionError where a copied file was changed or removed.
        """
        found = set(_files_below(self.folder))
        for path, fingerprint in self.fingerprints.items():
            if path not in found or Fingerprint.of((self.folder / path).lstat()) != fingerprint:
                raise DescriptionError(
                    f"importing the service changed its own file `{path}`",
                    hint="write to a temporary folder, or do it when the service starts",
                )
        added = sorted(found - self.fingerprints.keys())
        for path in added:
            (self.folder / path).unlink()
        return tuple(path for path in added if "__pycache__/" not in path)


def stage_source(selection: Selection, folder: Path, reporter: Reporter) -> StagedSource:
    """Copies `selection` into `folder`, which need not exist.

    Raises SelectionError for a file that changed since it was selected, StoreError where the disk refuses the copy.
    """
    fingerprints: dict[str, Fingerprint] = {}
    with reporter.task("copying the source", selection.size_bytes) as task, disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in selection.files:
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(file, target)
            fingerprints[file.path] = Fingerprint.of(target.lstat())
            task.advance(file.fingerprint.size_bytes)
    return StagedSource(folder, fingerprints)


def _copy(file: SelectedFile, target: Path) -> None:
    try:
        source = open_plain(file.source)
    except OSError as error:
        raise SelectionError(f"`{file.path}` cannot be read: {error.strerror}") from error
    with source, target.open("wb") as copy:
        _check_unchanged(file, source.fileno())
        shutil.copyfileobj(source, copy, _CHUNK)
        _check_unchanged(file, source.fileno())


def _check_unchanged(file: SelectedFile, descriptor: int) -> None:
    if Fingerprint.of(os.fstat(descriptor)) != file.fingerprint:
        raise SelectionError(
            f"`{file.path}` changed while the Bento was being built",
            hint="build again once nothing writes to it, or name it under `exclude`",
        )


def _files_below(folder: Path) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        links = [name for name in folders if stat.S_ISLNK(Path(root, name).lstat().st_mode)]
        for name in [*names, *links]:
            yield Path(root, name).relative_to(folder).as_posix()
