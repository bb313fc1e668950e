"""`SharedFiles`: files below a folder that several users and machines share, each appearing whole or not at all.

Who may write to the folder itself may write to all that is made in it, as its owner has decided; links, pipes and
devices are no files, whoever put them there.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ekiben.errors import NotInRegistry, RemoteError
from ekiben.store.disk import sync
from ekiben.store.remote.object_store.layout import UPLOADS

MOUNT_HINT = "see whether it is mounted, and whether its name is right"
_MODE = 0o666  # less the umask
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NOT_OURS = (errno.EACCES, errno.EPERM, errno.ELOOP)


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """The files below `root`, by paths relative to it. All methods raise OSError, too."""

    root: Path

    def open(self, path: str) -> BinaryIO:
        """A file to read; what is none is not waited for. Raises RemoteError for that."""
        handle = os.open(self.root / path, _READ)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise RemoteError(f"`{self.root / path}` is no file")
        return os.fdopen(handle, "rb")

    def open_part(self, path: str) -> BinaryIO:
        """A file to read and write, what an earlier process left of it, or a new one; one that is not ours to write is
        begun anew."""
        place = self.place(path)
        try:
            handle = os.open(place, _WRITE, _MODE)
            if stat.S_ISREG(os.fstat(handle).st_mode):
                self._share(handle)
                return os.fdopen(handle, "r+b")
            os.close(handle)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise
        place.unlink()
        handle = os.open(place, _WRITE | os.O_EXCL, _MODE)
        self._share(handle)
        return os.fdopen(handle, "r+b")

    def open_lock(self, path: str) -> int:
        """A file that is there to be locked, as a descriptor."""
        handle = os.open(self.place(path), _WRITE, _MODE)
        self._share(handle)
        return handle

    def put(self, path: str, content: bytes) -> None:
        """A file with that content, in place of what is there, brought to the disk."""
        draft = f"{UPLOADS}{os.urandom(8).hex()}"
        try:
            with self.open_part(draft) as stream:
                stream.write(content)
                self.finish(stream, draft, path)
        finally:
            with suppress(FileNotFoundError):
                (self.root / draft).unlink()

    def finish(self, stream: BinaryIO, draft: str, path: str) -> None:
        """Brings a draft to the disk and renames it."""
        stream.flush()
        os.fsync(stream.fileno())
        place = self.place(path)
        (self.root / draft).replace(place)
        sync(place.parent)

    def place(self, path: str) -> Path:
        """The path of what is to be written, whose folder is made; `root` too, where the folder that it is in exists.
        Raises NotInRegistry where that does not."""
        if not self.root.is_dir():
            if not self.root.parent.is_dir():
                raise NotInRegistry(f"`{self.root}` cannot be made: `{self.root.parent}` is missing", hint=MOUNT_HINT)
            self.root.mkdir(exist_ok=True)
        place = self.root / path
        self._make_folder(place.parent)
        return place

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        with suppress(FileExistsError):  # another process made it
            folder.mkdir()
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | self._rights(0o777))
            sync(folder.parent)

    def _share(self, handle: int) -> None:
        found = os.fstat(handle)
        wanted = stat.S_IMODE(found.st_mode) | self._rights(_MODE)
        if wanted != stat.S_IMODE(found.st_mode) and found.st_uid == os.geteuid():
            os.fchmod(handle, wanted)

    def _rights(self, mask: int) -> int:
        return stat.S_IMODE(self.root.stat().st_mode) & mask
