"""A file that appears under its name complete, or not at all.

While it is written it has no name where the kernel and the file system allow that (O_TMPFILE), so that a process killed
in the middle leaves nothing; elsewhere it has a hidden name beside its own, which an error removes.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ekiben.store.disk import remove_tree, sync

_NAMELESS = getattr(os, "O_TMPFILE", None)  # Linux
_UNSUPPORTED = {
    errno.EOPNOTSUPP,
    errno.EISDIR,
    errno.ENOENT,
    errno.EINVAL,
}  # old kernels, network and FUSE file systems


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write forward; at the block's end it takes the place of `path` in one step. An error leaves the old."""
    draft = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = _open_nameless(path.parent)
    is_nameless = stream is not None
    try:
        with stream or draft.open("xb") as open_stream:
            os.fchmod(open_stream.fileno(), 0o666 & ~_umask())
            yield open_stream
            open_stream.flush()
            os.fsync(open_stream.fileno())
            if is_nameless:
                _name(open_stream.fileno(), draft)
        draft.replace(path)
        sync(path.parent)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """The same for a folder, which must not be there yet; until then it has a hidden name beside its own."""
    draft = path.with_name(f".{path.name[:100]}.{os.urandom(4).hex()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.mkdir()
    try:
        yield draft
        draft.rename(path)
        sync(path.parent)
    except BaseException:
        remove_tree(draft)
        raise


def _open_nameless(folder: Path) -> BinaryIO | None:
    if _NAMELESS is None or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.fdopen(os.open(folder, _NAMELESS | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb")
    except OSError as error:
        if error.errno in _UNSUPPORTED and folder.is_dir():
            return None
        raise


def _name(descriptor: int, path: Path) -> None:
    """Gives a nameless file its first name. A descriptor of the folder makes Python call linkat(2), which can."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.link(f"/proc/self/fd/{descriptor}", path.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _umask() -> int:
    """The process's own, which can only be read by setting it; on Linux the kernel tells it, too."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
