"""The one extractor: everything that is unpacked goes through `extract`, whatever form it came in.

It makes plain files with mode 0644 below one new folder, and nothing else: no links, devices or owners, no mode or time
of the archive's. Each file is created, never opened; each name is checked before it is used. The folder belongs to the
caller's staging, so that an error, or a kill, leaves nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ArchiveError
from ekiben.store.archive.entry import Entry, EntryKind
from ekiben.store.archive.limits import Meter
from ekiben.store.archive.names import NameRegister, check_path, shown

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ROOTS = frozenset({".", "./"})  # how `tar -C folder .` names the folder itself


@dataclass(frozen=True, slots=True)
class UnpackedFile:
    """What was written: digest and size of its bytes, and whether the archive calls it a program."""

    digest: Digest
    size_bytes: int
    is_executable: bool = False


def extract(entries: Iterable[Entry], folder: Path, meter: Meter) -> Mapping[str, UnpackedFile]:
    """Unpacks into `folder`, which is empty, and gives what there is by path.

    Raises ArchiveError for anything but files and folders with harmless names, each once, within the meter's limits;
    OSError where the disk refuses.
    """
    register = NameRegister()
    files: dict[str, UnpackedFile] = {}
    for entry in entries:
        meter.entry(entry.size_bytes)
        if entry.path in _ROOTS and entry.kind is EntryKind.folder:
            continue
        path = _path(entry)
        if entry.kind is EntryKind.folder:
            register.add_folder(path)
        else:
            register.add_file(path)
            meter.folders(register.folders)
            files[path] = _write(entry, folder / path)
    return files


def _path(entry: Entry) -> str:
    if entry.kind not in (EntryKind.file, EntryKind.folder):
        raise ArchiveError(f"`{shown(entry.path)}` is {entry.kind}", hint="an archive holds files and folders alone")
    path = entry.path.removeprefix("./")
    return check_path(path.removesuffix("/") if entry.kind is EntryKind.folder else path)


def _write(entry: Entry, target: Path) -> UnpackedFile:
    target.parent.mkdir(parents=True, exist_ok=True)
    state, size_bytes = hashlib.sha256(), 0
    with os.fdopen(os.open(target, _CREATE, 0o644), "wb") as stream:
        for chunk in entry.chunks():
            stream.write(chunk)
            state.update(chunk)
            size_bytes += len(chunk)
    if size_bytes != entry.size_bytes:
        raise ArchiveError(f"`{shown(entry.path)}` is of another size than the archive says")
    return UnpackedFile(Digest(state.hexdigest()), size_bytes, entry.is_executable)
