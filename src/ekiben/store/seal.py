"""Sealing: a draft folder becomes what its address is made from, and is brought to the disk.

Afterwards every file is a regular file of its own with mode 0644 (0755 where named executable), every folder holds
something and has mode 0755, and SHA256SUMS lists all files but those that lie beside (`sums`). So the same
files give the same digest whatever order, times, umask or links they came with.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import StoreError, UsageError
from ekiben.store.disk import sync_all, write_synced
from ekiben.store.receipt import RECEIPT
from ekiben.store.sums import (
    OFFLINE,
    SIGNATURE_SUFFIX,
    SIGNATURES,
    SUMS,
    format_sums,
    is_beside,
    is_offline,
    is_signature,
)

FILE_MODE, PROGRAM_MODE, FOLDER_MODE = 0o644, 0o755, 0o755


@dataclass(frozen=True, slots=True)
class Seal:
    """What sealing found: the address of the content, its size, the digest of each file and of each beside."""

    digest: Digest
    size_bytes: int
    files: Mapping[str, Digest]
    beside: Mapping[str, Digest]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that was held to its digest while this process alone had it open, as it was found right afterwards: it
    need not be read again as long as it is so."""

    digest: Digest
    state: tuple[int, ...]

    @classmethod
    def of(cls, path: Path, digest: Digest) -> KnownFile:
        """The file at `path`, whose bytes are those of `digest`. Raises OSError."""
        return cls(digest, _state(path))

    def is_unchanged(self, path: Path) -> bool:
        """Whether nothing was done to the file at `path` since: neither written, nor replaced, renamed or linked."""
        return _state(path) == self.state


def refuse_names(folder: Path, *reserved: str) -> None:
    """Raises UsageError where the draft holds a file that the store writes itself."""
    for name in (SUMS, RECEIPT, SIGNATURES, OFFLINE, *reserved):
        if os.path.lexists(folder / name):
            raise UsageError(f"`{name}` is written by the store", hint="give the file another name")


def seal(folder: Path, executables: Collection[str] = (), known: Mapping[str, KnownFile] | None = None) -> Seal:
    """Seals `folder` in place. Every file is read but those that are `known` by their paths.

    A link to a file becomes a copy of that file, wherever it is. What came to lie beside stays so. Raises StoreError
    for what cannot be kept: links to folders or to nothing, devices, sockets, names that are no UTF-8, strays among
    what lies beside, and executables that are not there.
    """
    unread = {path: one.digest for path, one in (known or {}).items() if one.is_unchanged(folder / path)}
    settled = sorted(_settle(folder, unread.keys()))
    beside = list(filter(is_beside, settled))
    files = [path for path in settled if not is_beside(path)]
    _refuse_strays(beside)
    missing = sorted(set(executables) - set(files))
    if missing:
        raise StoreError(f"`{missing[0]}` is to be executable and is not among the files")
    for path in settled:
        (folder / path).chmod(PROGRAM_MODE if path in executables else FILE_MODE)
    sync_all(folder / path for path in settled)
    sizes = [(folder / path).stat().st_size for path in files]
    digests = {path: unread.get(path) or Digest.of_file(folder / path) for path in files}
    around = {path: unread.get(path) or Digest.of_file(folder / path) for path in beside}
    sums = format_sums(digests)
    write_synced(folder / SUMS, sums)
    return Seal(Digest.of_bytes(sums), sum(sizes), digests, around)


def _state(path: Path) -> tuple[int, ...]:
    """What differs once a file is another, or was changed: its time of change is nobody's to set."""
    found = path.lstat()
    return (
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_nlink,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )


def _refuse_strays(beside: Iterable[str]) -> None:
    for path in beside:
        if path.partition("/")[0] == OFFLINE:
            if not is_offline(path):
                raise StoreError(f"`{path}` is neither a wheel nor of a base image", hint="remove it")
        elif not is_signature(path):
            name = f"{SIGNATURES}/<16 hex digits>{SIGNATURE_SUFFIX}"
            raise StoreError(f"`{path}` is no signature", hint=f"a signature is called `{name}`")


def sync_folders(folder: Path) -> None:
    """Brings the entries of `folder` and of every folder below to the disk: the last step before the rename."""
    sync_all(here for here, _, _ in _walk(folder))


def _settle(folder: Path, known: Collection[str]) -> Iterator[str]:
    """Makes every entry a file of its own or a folder that holds one; gives the files' relative paths. A known file may
    have another name, whose owner gives it up when the item is in its place."""
    for here, folders, files in _walk(folder):
        for name in folders:
            _require_folder(here / name, folder)
        for name in files:
            yield _settle_file(here / name, folder, known)
        if here != folder and not any(here.iterdir()):
            here.rmdir()  # SHA256SUMS cannot name an empty folder, so an item has none
        else:
            here.chmod(FOLDER_MODE)


def _walk(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    for here, folders, files in os.walk(folder, topdown=False, onerror=_raise):
        yield Path(here), folders, files


def _raise(error: OSError) -> None:
    raise error


def _require_folder(path: Path, folder: Path) -> None:
    relative = _relative(path, folder)
    if path.is_symlink():
        raise StoreError(f"`{relative}` is a link to a folder", hint="put the files themselves there")


def _settle_file(path: Path, folder: Path, known: Collection[str]) -> str:
    relative = _relative(path, folder)
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        if not path.is_file():
            raise StoreError(f"`{relative}` is a link to nothing that can be read", hint="put the file itself there")
        _replace_by_copy(path)
    elif not stat.S_ISREG(status.st_mode):
        raise StoreError(f"`{relative}` is neither a file nor a folder")
    elif status.st_nlink > 1 and relative not in known:
        _replace_by_copy(path)  # whoever has the file's other name could change the item
    return relative


def _relative(path: Path, folder: Path) -> str:
    relative = path.relative_to(folder).as_posix()
    try:
        relative.encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(relative).decode(errors="backslashreplace")
        raise StoreError(f"the file name `{shown}` is no UTF-8", hint="rename the file") from error
    return relative


def _replace_by_copy(path: Path) -> None:
    copy = path.with_name(f".{os.urandom(8).hex()}")
    shutil.copyfile(path, copy)
    copy.replace(path)
