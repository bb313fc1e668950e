"""Sealing: a draft folder becomes what its address is made from, and is brought to the disk.

Afterwards every file is a regular file of its own with mode 0644 (0755 where named executable), every folder holds
something and has mode 0755, and SHA256SUMS lists all files. So the same files give the same digest whatever order,
times, umask or links they came with.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import StoreError
from ekiben.store.disk import sync, write_synced
from ekiben.store.sums import SUMS, format_sums

_FILE, _PROGRAM, _FOLDER = 0o644, 0o755, 0o755


@dataclass(frozen=True, slots=True)
class Seal:
    """What sealing found: the address of the content and its size."""

    digest: Digest
    size_bytes: int


def seal(folder: Path, executables: Collection[str] = ()) -> Seal:
    """Seals `folder` in place.

    A link to a file becomes a copy of that file, wherever it is. Raises StoreError for what cannot be kept: links to
    folders or to nothing, devices, sockets, names that are no UTF-8, and executables that are not there.
    """
    files = _settle(folder)
    missing = sorted(set(executables) - set(files))
    if missing:
        raise StoreError(f"`{missing[0]}` is to be executable and is not among the files")
    sizes = [_normalise(folder / path, _PROGRAM if path in executables else _FILE) for path in files]
    sums = format_sums({path: Digest.of_file(folder / path) for path in files}).encode()
    write_synced(folder / SUMS, sums)
    (folder / SUMS).chmod(_FILE)
    return Seal(Digest.of_bytes(sums), sum(sizes))


def sync_folders(folder: Path) -> None:
    """Brings the entries of `folder` and of every folder below to the disk: the last step before the rename."""
    for root, _, _ in os.walk(folder):
        sync(Path(root))


def _settle(folder: Path) -> list[str]:
    """Makes every entry a file of its own or a folder that holds one; gives the files' relative paths."""
    files: list[str] = []
    for root, folders, names in os.walk(folder, topdown=False):
        here = Path(root)
        for name in [*folders, *names]:
            path = here / name
            _settle_entry(path, _readable_path(path, folder))
        files.extend(_readable_path(here / name, folder) for name in names)
        if here != folder and not any(here.iterdir()):
            here.rmdir()  # SHA256SUMS cannot name an empty folder, so an item has none
        else:
            here.chmod(_FOLDER)
    return files


def _readable_path(path: Path, folder: Path) -> str:
    relative = path.relative_to(folder).as_posix()
    try:
        relative.encode()
    except UnicodeEncodeError as error:
        shown = relative.encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise StoreError(f"the file name `{shown}` is no UTF-8", hint="rename the file") from error
    return relative


def _settle_entry(path: Path, relative: str) -> None:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        return
    if stat.S_ISLNK(status.st_mode):
        if not path.is_file():
            raise StoreError(
                f"`{relative}` is a link to {'a folder' if path.is_dir() else 'nothing that can be read'}",
                hint="put the files themselves there",
            )
        _replace_by_copy(path)
    elif not stat.S_ISREG(status.st_mode):
        raise StoreError(f"`{relative}` is neither a file nor a folder")
    elif status.st_nlink > 1:
        _replace_by_copy(path)  # whoever has the other name could change the item


def _replace_by_copy(path: Path) -> None:
    copy = path.with_name(f".{os.getpid()}.copy")
    shutil.copyfile(path, copy)
    copy.replace(path)


def _normalise(path: Path, mode: int) -> int:
    path.chmod(mode)
    sync(path)
    return path.stat().st_size
