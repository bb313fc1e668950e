"""A program for any CPython from 3.11 on: compiles sources into the bytes of .pyc files. Imports nothing of ours.

    python -I -S compile_worker.py OUTPUT

A line of JSON comes in for each few sources: [path in the image, file, member of that zip or null, offset, size, sha256
or null] of each. For each source a line goes out, with the bytes of its .pyc, 0 where it cannot be compiled; by then
these stand in the file OUTPUT, one .pyc behind the other. A number below 0 is that of the error, negative, with which
the disk has refused them; it is the last.
"""

import _imp
import errno
import hashlib
import importlib.util
import json
import marshal
import sys
import zipfile
from io import FileIO
from pathlib import Path
from types import CodeType

_UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552: found by hash, and never held against the source
# What compile raises for sources that are for another version, broken on purpose, or nested too deep.
_UNCOMPILABLE = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)
_NOWHERE = "-"  # a path, until the right one is set
_WITHOUT_REFERENCES = 2  # the last version of marshal's format that writes each object wherever it stands


def intern_characters() -> None:
    """Marks the strings of one character, and the empty one, which are Python's own and shared by everybody; once in a
    process, before `pyc_of`."""
    for character in ("", *map(chr, range(256))):
        sys.intern(character)


def pyc_of(source: bytes, path: str) -> bytes:
    """The .pyc of a source that lies at `path` in the image; empty where it cannot be compiled."""
    try:
        body = _marshalled(source, sys.intern(path))
    except _UNCOMPILABLE:
        return b""
    return importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source) + body


def _marshalled(source: bytes, path: str) -> bytes:
    """The code's bytes, which depend on the source and path alone, and not on what else this process holds.

    By itself marshal writes what compile happened to share: where some other code has interned a string already,
    compile takes that one, and has two objects where it has one in another process; and whoever else holds an object
    makes it a shared one. Written without references, equal codes are equal bytes. Read back from these, what is shared
    are the strings that codes intern and nothing else, each held by `code`, too, so that marshal always takes it for
    shared; and the path, which every function has, and which is set as importlib sets it where a .pyc was moved.
    """
    code = _compiled(source, _NOWHERE)
    try:
        plain = marshal.dumps(code, _WITHOUT_REFERENCES)
    except ValueError:  # it holds what that format does not know: constant slices, as Python 3.14 makes them
        return marshal_again(source, path)
    same = marshal.loads(plain)
    _imp._fix_co_filename(same, path)  # type: ignore[attr-defined]
    return marshal.dumps(same)


def marshal_again(source: bytes, path: str) -> bytes:
    """The same promise at twice the cost: the second time all that compile interns has been interned, in any process,
    and is held by somebody else."""
    interned = _compiled(source, path)
    content = marshal.dumps(_compiled(source, path))
    del interned  # not before, since strings are interned for as long as somebody holds them
    return content


def _compiled(source: bytes, path: str) -> CodeType:
    return compile(source, path, "exec", dont_inherit=True, optimize=0)


class _Sources:
    """Reads sources; keeps the archive of the last one open."""

    def __init__(self) -> None:
        self._archive: tuple[str, zipfile.ZipFile] | None = None

    def read(self, file: str, member: str | None, offset: int, size: int, sha256: str | None) -> bytes:
        """The bytes of a source. Exits with a message where they are not what they should be."""
        if member is None:
            with Path(file).open("rb") as stream:
                stream.seek(offset)
                content = stream.read(size)
        else:
            content = self._opened(file).read(member)
        if len(content) != size or (sha256 and hashlib.sha256(content).hexdigest() != sha256):
            sys.exit(f"`{member or file}` is not what it should be")
        return content

    def _opened(self, file: str) -> zipfile.ZipFile:
        if self._archive is None or self._archive[0] != file:
            self._archive = (file, zipfile.ZipFile(file))
        return self._archive[1]


def _write(output: FileIO, content: bytes) -> None:
    """Writes all of it: a full disk takes a part, and refuses the next. Tells the error then, and exits."""
    left = memoryview(content)
    try:
        while left:
            left = left[output.write(left) :]
    except OSError as error:
        print(-(error.errno or errno.EIO), flush=True)
        sys.exit(1)


def main(output_path: str) -> None:
    """Compiles what comes, in its order, until no more does."""
    intern_characters()
    sources = _Sources()
    with Path(output_path).open("wb", buffering=0) as output:
        for line in sys.stdin:
            for path, *place in json.loads(line):
                pyc = pyc_of(sources.read(*place), path)
                _write(output, pyc)
                print(len(pyc), flush=True)  # at once: should the process die, the next source was the reason


if __name__ == "__main__":
    main(sys.argv[1])
