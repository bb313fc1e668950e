"""`Compilers`: processes of an interpreter that compile sources, as many as there are cores, in the order of asking.

Each runs `compile_worker` and is given a few sources at a time, so that all of them are busy until the last are done.
A thread waits for each; what it gets are entries whose bytes lie in a file of the process.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, assert_never

from ekiben.errors import ImageError
from ekiben.oci.entries import Entry, FilePart, ZipPart
from ekiben.packager.child_process import child_process
from ekiben.packager.image.native import compile_worker
from ekiben.packager.image.native.bytecode import pyc_path, uncompiled
from ekiben.packager.image.native.interpreters import ISOLATED, Interpreter
from ekiben.serving.config.cpus import usable_cores

_BATCH_BYTES = 256 * 1024  # of sources: 20 ms of work, so that no process idles for longer at the end
_FILE_BYTES = 4096  # by which each counts for more, so that a batch's names fit into a pipe
_OUTPUT, _SAID = "output", "said"  # files of a process, in a folder of its own
_LAST_LINES = 3  # of what a process said before it died


def _nothing(_: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Compiling:
    """Sources under way."""

    batches: tuple[Future[tuple[Entry, ...]], ...]

    def entries(self) -> tuple[Entry, ...]:
        """The .pyc of all that can be compiled, once they are there. Raises ImageError where a source is not what its
        entry says, OSError, and CancelledError where the compilers were stopped."""
        return tuple(entry for batch in self.batches for entry in batch.result())


def compile_entries(
    entries: Iterable[Entry], interpreter: Interpreter, folder: Path, *, processes: int | None = None
) -> tuple[Entry, ...]:
    """The .pyc of the modules among `entries`, by path. Their bytes are in files below `folder` and have to stay there.

    A .pyc that is among the entries is kept as it is. `processes` is by default the number of cores that this one may
    use. Raises ImageError where a source is not what its entry says, OSError where the disk refuses.
    """
    with Compilers(interpreter, folder, processes=processes) as compilers:
        compiled = compilers.begin(uncompiled(entries, interpreter.cache_tag)).entries()
    return tuple(sorted(compiled, key=lambda entry: entry.path))


class Compilers:
    """A context manager: however its block ends, so do the processes, and the files in `folder` have to stay."""

    def __init__(self, interpreter: Interpreter, folder: Path, *, processes: int | None = None) -> None:
        self._interpreter = interpreter
        self._folder = folder
        self._threads = ThreadPoolExecutor(processes or usable_cores(), thread_name_prefix="ekiben-bytecode")
        self._running = ExitStack()
        self._idle: list[_Compiler] = []
        self._lock = threading.Lock()
        self._is_stopped = False

    def begin(self, sources: Iterable[Entry], advance: Callable[[int], object] = _nothing) -> Compiling:
        """Has `sources` compiled, after those that were given before. `advance` is told when another is done, by
        several threads; what it raises is raised by `Compiling.entries`."""
        batches = _batches(sorted(sources, key=_reading_order))
        return Compiling(tuple(self._threads.submit(self._compile, batch, advance) for batch in batches))

    def stop(self) -> None:
        """Ends the processes, wherever they are; what is under way is cancelled or fails."""
        with self._lock:
            self._is_stopped = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._running.close()

    def _compile(self, batch: Sequence[Entry], advance: Callable[[int], object]) -> tuple[Entry, ...]:
        compiler = self._idle_one()
        made = []
        for entry in compiler.compiled(batch):
            advance(1)
            if entry is not None:
                made.append(entry)
        self._idle.append(compiler)
        return tuple(made)

    def _idle_one(self) -> _Compiler:
        """A process without work: there are as many as threads that ask, started when they first do."""
        with self._lock:
            if self._is_stopped:
                raise ImageError("compiling was stopped")
            return self._idle.pop() if self._idle else _started(self._running, self._interpreter, self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._threads.shutdown()


@dataclass(slots=True)
class _Compiler:
    """A process at work in the folder `place`."""

    interpreter: Interpreter
    place: Path
    child: subprocess.Popen[str]
    _offset: int = field(default=0, init=False)  # in its output, where the next .pyc begins
    _spares: int = field(default=0, init=False)

    def compiled(self, batch: Sequence[Entry]) -> Iterator[Entry | None]:
        """The .pyc of each source as soon as it is there; None for one that cannot be compiled."""
        job = [(f"/{entry.path}", *self._where(entry)) for entry in batch]
        assert self.child.stdin is not None, "it was started with pipes"
        assert self.child.stdout is not None, "it was started with pipes"
        try:
            self.child.stdin.write(f"{json.dumps(job)}\n")
            self.child.stdin.flush()
        except OSError as error:
            raise self._failure(batch[0]) from error
        for source in batch:
            line = self.child.stdout.readline()
            if not line.endswith("\n"):
                raise self._failure(source)
            yield self._entry(source, int(line))

    def _entry(self, source: Entry, size_bytes: int) -> Entry | None:
        if size_bytes < 0:
            raise OSError(-size_bytes, os.strerror(-size_bytes), str(self.place / _OUTPUT))
        part = FilePart(self.place / _OUTPUT, self._offset, size_bytes)
        self._offset += size_bytes
        return Entry.file(pyc_path(source.path, self.interpreter.cache_tag), part) if size_bytes else None

    def _failure(self, source: Entry) -> ImageError:
        status = self.child.wait()
        said = (self.place / _SAID).read_text(errors="replace").splitlines()[-_LAST_LINES:]
        words = f": {' '.join(said)}" if said else ""
        version = self.interpreter.version
        return ImageError(f"Python {version} stopped compiling at `{source.path}` with status {status}{words}")

    def _where(self, entry: Entry) -> tuple[str, str | None, int, int, str | None]:
        """Where the process reads a source, and what it has to be; one that is held in memory is written to a file."""
        match entry.content:
            case ZipPart(archive, name, size, digest):
                return str(archive.absolute()), name, 0, size, digest.hex if digest else None
            case FilePart(path, offset, _, digest) as part:
                return str(path.absolute()), None, offset, part.size_bytes, digest.hex if digest else None
            case bytes() as content:
                self._spares += 1
                spare = self.place / f"{self._spares}.py"
                spare.write_bytes(content)
                return str(spare), None, 0, len(content), None
            case None:
                raise ValueError(f"`{entry.path}` is no file")
            case _ as unreachable:
                assert_never(unreachable)


def _started(stack: ExitStack, interpreter: Interpreter, folder: Path) -> _Compiler:
    """A process that ends with the stack."""
    place = Path(tempfile.mkdtemp(prefix="bytecode-", dir=folder)).absolute()
    said = stack.enter_context((place / _SAID).open("wb"))
    command = [str(interpreter.path), *ISOLATED, compile_worker.__file__, str(place / _OUTPUT)]
    pipe = subprocess.PIPE
    running = child_process(command, cwd=place, environ=os.environ, stdin=pipe, stdout=pipe, stderr=said)
    return _Compiler(interpreter, place, stack.enter_context(running))


def _reading_order(entry: Entry) -> tuple[str, str]:
    """Those of one archive stand together."""
    return (str(entry.content.archive) if isinstance(entry.content, ZipPart) else "", entry.path)


def _batches(sources: Iterable[Entry]) -> Iterator[tuple[Entry, ...]]:
    """The sources in their order, a few at a time."""
    batch: list[Entry] = []
    left = _BATCH_BYTES
    for source in sources:
        batch.append(source)
        left -= source.size_bytes + _FILE_BYTES
        if left <= 0:
            yield tuple(batch)
            batch, left = [], _BATCH_BYTES
    if batch:
        yield tuple(batch)
