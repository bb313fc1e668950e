"""`search_file`: the pickles in a file, whatever it is called and however they are packed into it.

    zip (torch, npz, keras), tar          each member in turn
    npy                                   what follows the header, where the array is one of objects
    gzip, bzip2, xz, lzma, zlib           what it unpacks to
    all else                              one pickle after the other, if the bytes make sense as such

A file may be two things at once: what begins as a pickle and ends as a zip is searched as both.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ekiben.packager.audit.pickles.findings import Pickle, Problem, Trouble
from ekiben.packager.audit.pickles.limits import MAX_READ_BYTES, Broken, Budget, Halt, LimitReached
from ekiben.packager.audit.pickles.machine import MAGIC, Machine
from ekiben.packager.audit.pickles.opcodes import ACTIONS
from ekiben.packager.audit.pickles.packed import UNPACKING_ERRORS, UNREADABLE, CarefulFile, Unpacked, unpacked
from ekiben.packager.audit.pickles.source import Readable, Source, Window
from ekiben.store.plain_file import open_plain

# Of files that are pickles and nothing else, so that one that is none is broken. Others (.pth, .sav, .ckpt, .bin) have
# more than one meaning, and are told by their contents.
PICKLE_SUFFIXES = frozenset(
    {".pkl", ".pickle", ".pckl", ".p", ".dill", ".cloudpickle", ".cpkl", ".joblib", ".jbl", ".pt"}
)
_HEAD_BYTES = 512
_TAR_MARK_AT, _TAR_MARK = 257, b"ustar"
_NPY = b"\x93NUMPY"
_NPY_OBJECTS = re.compile(rb"""['"][|<>=]?O\d*['"]|object""")
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
_WHOLE = 1 << 62  # bytes: as far as there are any


def search_file(path: Path, budget: Budget | None = None) -> tuple[Pickle, ...]:
    """The pickles in the file at `path`, and what in it could not be searched. Empty for a file that holds none.

    Raises OSError where it cannot be read.
    """
    search = _Search(budget or Budget())
    with open_plain(path) as file:
        search.file(file, path.name, ())
    return tuple(search.found)


class _Search:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.found: list[Pickle] = []

    def file(self, file: BinaryIO, name: str, within: tuple[str, ...]) -> None:
        """A file that can be moved about in."""
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        is_zip = head.startswith(_ZIP_MARKS)
        if not is_zip:
            with self._noting(within):
                if _is_tar(head):
                    self._tar(file, within)
                else:
                    self._stream(Source(file, lambda size: file.seek(size, io.SEEK_CUR)), name, within)
        with self._noting(within):
            file.seek(0)
            if is_zip or zipfile.is_zipfile(CarefulFile(file)):
                self._zip(file, within)

    def _member(self, stream: Readable, name: str, within: tuple[str, ...]) -> None:
        """A file that can be read forward only. An archive among them is small enough to be held, or not searched."""
        source = Source(stream)
        head = source.peek(_HEAD_BYTES)
        if not head.startswith(_ZIP_MARKS) and not _is_tar(head):
            self._stream(source, name, within)
            return
        content = source.peek(MAX_READ_BYTES + 1)
        if len(content) > MAX_READ_BYTES:
            raise LimitReached("it is an archive in an archive, and too large")
        with self._budget.level():
            self.file(io.BytesIO(content), name, within)

    def _stream(self, source: Source, name: str, within: tuple[str, ...]) -> None:
        head = source.peek(_HEAD_BYTES)
        packer = next((packer for mark, packer in UNREADABLE.items() if head.startswith(mark)), None)
        if packer is not None:
            raise LimitReached(f"it is packed with {packer}, which is not unpacked here")
        inner = unpacked(head, Window(source, _WHOLE), self._budget)
        if inner is not None:
            with self._budget.level():
                self._member(inner, _unpacked_name(name), (*within, "unpacked"))
        elif head.startswith(_NPY):
            self._npy(source, within)
        else:
            self._pickles(source, within, is_claimed=PurePosixPath(name).suffix.lower() in PICKLE_SUFFIXES)

    def _zip(self, file: BinaryIO, within: tuple[str, ...]) -> None:
        try:
            with zipfile.ZipFile(CarefulFile(file)) as archive:
                for info in archive.infolist():
                    self._budget.spend_member()
                    with self._noting((*within, info.filename)):
                        self._zip_member(archive, info, (*within, info.filename))
        except UNPACKING_ERRORS as error:
            raise Broken("it is a zip that cannot be read") from error

    def _zip_member(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, within: tuple[str, ...]) -> None:
        try:
            opened = archive.open(info)
        except UNPACKING_ERRORS as error:
            raise Broken("it is in a zip and cannot be read") from error
        with opened:
            self._member(Unpacked(opened, self._budget), info.filename, within)

    def _tar(self, file: BinaryIO, within: tuple[str, ...]) -> None:
        try:
            with tarfile.open(fileobj=CarefulFile(file), mode="r:") as archive:  # type: ignore[call-overload]
                for info in archive:
                    self._budget.spend_member()
                    member = archive.extractfile(info) if info.isreg() else None
                    if member is not None:
                        with self._noting((*within, info.name)):
                            self._member(Unpacked(member, self._budget), info.name, (*within, info.name))
        except UNPACKING_ERRORS as error:
            raise Broken("it is a tar that cannot be read") from error

    def _npy(self, source: Source, within: tuple[str, ...]) -> None:
        source.skip(len(_NPY))
        major = source.take(2)[0]
        header = source.take(int.from_bytes(source.take(2 if major == 1 else 4), "little"))
        holds_objects = _NPY_OBJECTS.search(header) is not None
        if holds_objects or source.peek(2) in MAGIC:
            self._pickles(source, within, is_claimed=holds_objects)

    def _pickles(self, source: Source, within: tuple[str, ...], *, is_claimed: bool) -> None:
        """One pickle after the other, as long as there are any; `is_claimed` where the first is said to be one."""
        while head := source.peek(2):
            pickle = Pickle(within)
            is_whole = self._follow(source, pickle)
            if _counts(pickle, is_whole=is_whole, is_claimed=is_claimed, is_marked=head in MAGIC):
                self.found.append(pickle)
            if not is_whole:
                return
            is_claimed = False

    def _follow(self, source: Source, pickle: Pickle) -> bool:
        """Follows one pickle; says whether it came to its STOP."""
        try:
            Machine(source, pickle, self._budget, lambda window: self._nested(window, pickle)).run(ACTIONS)
        except Broken as error:
            pickle.has_problem(Trouble.broken, str(error))
        except LimitReached as error:
            pickle.has_problem(Trouble.limit, str(error))
        else:
            return True
        return False

    def _nested(self, window: Window, outer: Pickle) -> None:
        """Bytes in a pickle that begin as one, or as a zip. They need be neither: that they are broken says nothing."""
        within = (*outer.within, "bytes in the pickle")
        try:
            with self._budget.level():
                self._member(window, "", within)
        except Broken:
            pass
        except LimitReached as error:
            self.found.append(Pickle(within, problems=[Problem(Trouble.limit, str(error))]))

    @contextmanager
    def _noting(self, within: tuple[str, ...]) -> Iterator[None]:
        """Makes a problem of what ends the search inside the block."""
        try:
            yield
        except Halt as error:
            trouble = Trouble.limit if isinstance(error, LimitReached) else Trouble.broken
            self.found.append(Pickle(within, problems=[Problem(trouble, str(error))]))


def _counts(pickle: Pickle, *, is_whole: bool, is_claimed: bool, is_marked: bool) -> bool:
    """Whether what was followed is a pickle, and not bytes of another kind that look like one for a while."""
    if is_claimed:
        return True
    if is_marked:
        return is_whole or bool(pickle.imports) or pickle.problems[0].trouble is not Trouble.broken
    return bool(pickle.imports) and (is_whole or pickle.has_called)


def _is_tar(head: bytes) -> bool:
    return head[_TAR_MARK_AT:].startswith(_TAR_MARK)


def _unpacked_name(name: str) -> str:
    """`model.pkl` for `model.pkl.gz`; `model.joblib` stays, whose name says nothing of being packed."""
    path = PurePosixPath(name)
    return name if path.suffix.lower() in PICKLE_SUFFIXES else path.stem
