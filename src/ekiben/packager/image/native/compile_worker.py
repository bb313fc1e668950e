"""A program for any CPython from 3.11 on: compiles sources into the bytes of .pyc files. Imports nothing of ours.

    python -I -S compile_worker.py JOB

JOB is a JSON file: `sources` are [path in the image, file, member of that zip or null, offset, size, sha256 or null];
`output` is a file to which the .pyc are written one behind the other; `sizes` is one that gets a line for each source,
with the bytes of its .pyc, 0 where it cannot be compiled.

A .pyc must depend on its source alone, and not on what else this process holds. Of a string that some other code has
interned already, compile takes that one and leaves its own in some places: then what is one object in the file of
another process is two in this one's. So each source is compiled twice: the second time all that compile interns has
been interned, in any process. Strings of one character are Python's own and marked once for all: so all of them are.
"""

import hashlib
import importlib.util
import json
import marshal
import sys
import zipfile
from pathlib import Path
from types import CodeType

_UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552: found by hash, and never held against the source
# What compile raises for sources that are for another version, broken on purpose, or nested too deep.
_UNCOMPILABLE = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)


def intern_characters() -> None:
    """Marks the strings of one character; once in a process, before `pyc_of`."""
    for character in map(chr, range(256)):
        sys.intern(character)


def pyc_of(source: bytes, path: str) -> bytes:
    """The .pyc of a source that lies at `path` in the image; empty where it cannot be compiled."""
    try:
        interned = _compiled(source, path)
        code = _compiled(source, path)
        del interned  # not before, since strings are interned for as long as somebody holds them
    except _UNCOMPILABLE:
        return b""
    return importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(source) + marshal.dumps(code)


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


def main(job_path: str) -> None:
    """Does the job, in its order."""
    job = json.loads(Path(job_path).read_text(encoding="utf-8"))
    intern_characters()
    sources = _Sources()
    with Path(job["output"]).open("wb") as output, Path(job["sizes"]).open("w", encoding="ascii") as sizes:
        for path, *place in job["sources"]:
            pyc = pyc_of(sources.read(*place), path)
            output.write(pyc)
            print(len(pyc), file=sizes, flush=True)  # at once: should the process die, the next source was the reason


if __name__ == "__main__":
    main(sys.argv[1])
