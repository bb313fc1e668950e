"""Sharing: a large file that another version has already is stored once.

A sealed draft's file is held byte for byte against the one that is there, and then the two become one: as a clone where
the file system can, which stays two files for whoever writes, else as a hard link. Where the equal file lies is told by
a link in the cache, `cache/files/<sha256>`, which is believed only after that comparison and may be deleted.

Small files are left alone: they gain nothing, and are those that people edit.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ekiben.digest import Digest
from ekiben.store.layout import Layout

SHARED_FROM_BYTES = 64 * 1024
_BLOCK = 1024 * 1024
_FIDEDUPERANGE = 0xC0189436  # linux/fs.h: the kernel compares the two ranges and makes them one
_RANGE, _ANSWER = struct.Struct("=QQHHI"), struct.Struct("=qQQiI")  # its struct file_dedupe_range and ..._info
_SAME = 0


def share_files(layout: Layout, folder: Path, digests: Mapping[str, Digest]) -> None:
    """Replaces files of the sealed `folder` by those of other versions that are equal to them, byte and mode."""
    for path, digest in digests.items():
        status = (folder / path).stat()
        if status.st_size >= SHARED_FROM_BYTES:
            with suppress(OSError):  # vanished, another user's, too many links: then it is stored twice
                _share(folder / path, status, _known(layout, digest))


def note_files(layout: Layout, folder: Path, digests: Mapping[str, Digest]) -> None:
    """Tells those who come that these files are in `folder`, which is in its place now."""
    for path, digest in digests.items():
        with suppress(OSError):  # then others do not find it
            if (folder / path).stat().st_size >= SHARED_FROM_BYTES:
                _note(layout, folder / path, digest)


def find_file(layout: Layout, digest: Digest) -> Path | None:
    """A file of a version in the store that is said to have this content, None where none is. Who uses it looks."""
    try:
        found = _known(layout, digest)
        return found if stat.S_ISREG(found.lstat().st_mode) else None
    except OSError:
        return None


def pointers(layout: Layout) -> Path:
    """The folder of the links that tell where a content is."""
    return layout.cache / "files"


def _known(layout: Layout, digest: Digest) -> Path:
    """Where an equal file is said to be. Raises OSError where nobody says so."""
    return pointers(layout) / (pointers(layout) / digest.hex).readlink()


def _note(layout: Layout, file: Path, digest: Digest) -> None:
    pointers(layout).mkdir(parents=True, exist_ok=True)
    link = pointers(layout) / digest.hex
    target = os.path.relpath(file, pointers(layout))
    if link.is_symlink() and os.fspath(link.readlink()) == target:
        return
    draft = link.with_name(f".{os.urandom(8).hex()}")
    draft.symlink_to(target)
    draft.replace(link)


def _share(file: Path, status: os.stat_result, other: Path) -> None:
    """Raises OSError where it cannot be."""
    found = other.lstat()
    is_like = stat.S_ISREG(found.st_mode) and found.st_size == status.st_size
    if not is_like or found.st_ino == status.st_ino or _clone(file, other, status.st_size):
        return
    if stat.S_IMODE(found.st_mode) != stat.S_IMODE(status.st_mode):
        return
    link = file.with_name(f".{os.urandom(8).hex()}")
    try:
        os.link(other, link, follow_symlinks=False)
        if _are_equal(file, link):
            link.replace(file)
    finally:
        link.unlink(missing_ok=True)


def _clone(file: Path, other: Path, size_bytes: int) -> bool:
    """Has the kernel compare the two and keep one; whether it did."""
    done = 0
    with file.open("r+b") as mine, other.open("rb") as theirs:
        while done < size_bytes:
            request = _RANGE.pack(done, size_bytes - done, 1, 0, 0) + _ANSWER.pack(mine.fileno(), done, 0, 0, 0)
            try:
                answer = fcntl.ioctl(theirs.fileno(), _FIDEDUPERANGE, request)
            except OSError:  # the file system has no clones
                return False
            _, _, shared, outcome, _ = _ANSWER.unpack_from(answer, _RANGE.size)
            if outcome != _SAME or not shared:
                return False
            done += shared
    return True


def _are_equal(one: Path, other: Path) -> bool:
    with one.open("rb") as mine, other.open("rb") as theirs:
        while block := mine.read(_BLOCK):
            if theirs.read(len(block)) != block:
                return False
        return not theirs.read(1)
