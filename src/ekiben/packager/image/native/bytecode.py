"""Bytecode: the `.pyc` files of an image's modules, made by an interpreter of the image's minor version.

A service of some size starts in half the time with them. They are of the kind that is never held against its source,
since nobody can write to either in an image. What tests import is not compiled: it takes more than half of the time,
and no service imports it. What cannot be compiled, such as a module for another version, stays source.

The work is done by processes of their own (`compile_worker`), as many as there are cores, each with sources of about as
many bytes; the files do not depend on which process makes which.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import assert_never

from ekiben.errors import ImageError
from ekiben.oci.entries import Entry, FilePart, ZipPart
from ekiben.packager.child_process import child_process
from ekiben.packager.image.native import compile_worker
from ekiben.packager.image.native.interpreters import ISOLATED, Interpreter
from ekiben.serving.config.cpus import usable_cores

_TESTS = re.compile(r"/tests?/")  # as the Containerfile has it
_SMALL_BYTES = 1024 * 1024  # of sources: what one process compiles in the time that a second one needs to start
# Files of a process, in a folder of its own.
_JOB, _OUTPUT, _SIZES, _SAID = "job.json", "output", "sizes", "said"
_LAST_LINES = 3  # of what a process said before it died


def compile_entries(
    entries: Iterable[Entry], interpreter: Interpreter, folder: Path, *, processes: int | None = None
) -> tuple[Entry, ...]:
    """The .pyc of the modules among `entries`, by path. Their bytes are in files below `folder` and have to stay there.

    A .pyc that is among the entries is kept as it is. `processes` is by default the number of cores that this one may
    use; however this ends, so do they. Raises ImageError where a source is not what its entry says, OSError where the
    disk refuses.
    """
    given = tuple(entries)
    taken = {entry.path for entry in given}
    sources = [one for one in given if is_compiled(one.path) and pyc_path(one.path, interpreter.cache_tag) not in taken]
    shares = _shares(sources, processes or usable_cores())
    with ExitStack() as stack:
        workers = [_started(stack, share, interpreter, folder) for share in shares]
        compiled = [entry for worker in workers for entry in worker.wait()]
    return tuple(sorted(compiled, key=lambda entry: entry.path))


def is_compiled(path: str) -> bool:
    """Whether the entry at `path` is a module that services may import."""
    return path.endswith(".py") and "/lib/" in f"/{path}" and not _TESTS.search(path)


def pyc_path(path: str, cache_tag: str) -> str:
    """Where Python looks for the bytecode of the source at `path` (PEP 3147)."""
    source = PurePosixPath(path)
    return str(source.parent / "__pycache__" / f"{source.stem}.{cache_tag}.pyc")


def _shares(sources: Sequence[Entry], most: int) -> list[list[Entry]]:
    """The sources in at most `most` shares of about as many bytes; in each, those of one archive stand together."""
    total = sum(entry.size_bytes for entry in sources)
    count = min(most, 1 + total // _SMALL_BYTES)
    shares: list[list[Entry]] = [[] for _ in range(count)]
    sizes = [0] * count
    for entry in sorted(sources, key=lambda one: (-one.size_bytes, one.path)):
        least = sizes.index(min(sizes))
        shares[least].append(entry)
        sizes[least] += entry.size_bytes
    return [sorted(share, key=_reading_order) for share in shares if share]


def _reading_order(entry: Entry) -> tuple[str, str]:
    return (str(entry.content.archive) if isinstance(entry.content, ZipPart) else "", entry.path)


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process that compiles its sources in their order: their .pyc stand in `output`, a line for each in `sizes`."""

    sources: Sequence[Entry]
    interpreter: Interpreter
    place: Path
    child: subprocess.Popen[str]

    def wait(self) -> Iterator[Entry]:
        """What it made, when it is done."""
        status = self.child.wait()
        sizes = [int(line) for line in (self.place / _SIZES).read_text().split()] if status == 0 else []
        if len(sizes) != len(self.sources):
            raise self._failure(status)
        offset = 0
        for source, size in zip(self.sources, sizes, strict=True):
            if size:
                path = pyc_path(source.path, self.interpreter.cache_tag)
                yield Entry.file(path, FilePart(self.place / _OUTPUT, offset, size))
            offset += size

    def _failure(self, status: int) -> ImageError:
        said = (self.place / _SAID).read_text(errors="replace").splitlines()[-_LAST_LINES:]
        done = (self.place / _SIZES).read_text().count("\n") if (self.place / _SIZES).exists() else 0
        at = f" at `{self.sources[done].path}`" if done < len(self.sources) else ""
        words = f": {' '.join(said)}" if said else ""
        return ImageError(f"Python {self.interpreter.version} stopped compiling{at} with status {status}{words}")


def _started(stack: ExitStack, share: Sequence[Entry], interpreter: Interpreter, folder: Path) -> _Worker:
    """A process at work, which ends with the stack."""
    place = Path(tempfile.mkdtemp(prefix="bytecode-", dir=folder)).absolute()
    sources = [(f"/{entry.path}", *_where(entry, place / f"{number}.py")) for number, entry in enumerate(share)]
    job = {"sources": sources, "output": str(place / _OUTPUT), "sizes": str(place / _SIZES)}
    (place / _JOB).write_text(json.dumps(job), encoding="utf-8")
    said = stack.enter_context((place / _SAID).open("wb"))
    command = [str(interpreter.path), *ISOLATED, compile_worker.__file__, str(place / _JOB)]
    running = child_process(command, cwd=place, environ=os.environ, stdout=said, stderr=subprocess.STDOUT)
    return _Worker(share, interpreter, place, stack.enter_context(running))


def _where(entry: Entry, spare: Path) -> tuple[str, str | None, int, int, str | None]:
    """Where the worker reads a source, and what it has to be; one that is held in memory is written to `spare`."""
    match entry.content:
        case ZipPart(archive, name, size, digest):
            return str(archive.absolute()), name, 0, size, digest.hex if digest else None
        case FilePart(path, offset, _, digest) as part:
            return str(path.absolute()), None, offset, part.size_bytes, digest.hex if digest else None
        case bytes() as content:
            spare.write_bytes(content)
            return str(spare), None, 0, len(content), None
        case None:
            raise ValueError(f"`{entry.path}` is no file")
        case _ as unreachable:
            assert_never(unreachable)
