"""Processes that push a file and can be killed: `python -m tests.oci.registry.pushers` forks one for each line that it
is told, so that fifty are a matter of seconds."""

from __future__ import annotations

import io
import mmap
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ekiben.digest import Digest
from ekiben.oci.descriptor import Descriptor
from tests.oci.registry.talking import BINARY, registry_at

ROOT = Path(__file__).parents[3]


class Job(msgspec.Struct):
    """The file `path` goes to the repository `a`. The process kills itself when it reads the byte `dies_at`; content
    that does not seek is passed over up to where an upload goes on."""

    host: str
    path: str
    digest: str
    uploads: str
    chunk_bytes: int | None = None
    dies_at: int | None = None
    seeks: bool = True


class Ended(msgspec.Struct):
    """How a process ended: `status` as subprocess has it, the bytes that it read to be sent, and its memory at most."""

    status: int
    read_bytes: int = 0
    rss_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Pushers:
    """Whoever starts them."""

    process: subprocess.Popen[str]

    def push(self, job: Job, kill_after_s: float | None = None) -> Ended:
        """Lets a new process do it, and kills it then."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(msgspec.json.encode(job).decode(), file=self.process.stdin, flush=True)
        child = int(self.process.stdout.readline())
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            os.kill(child, signal.SIGKILL)
        print(file=self.process.stdin, flush=True)
        return msgspec.json.decode(self.process.stdout.readline(), type=Ended)


@contextmanager
def pushers() -> Iterator[Pushers]:
    """They can be had for the block."""
    command = [sys.executable, "-m", "tests.oci.registry.pushers"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Pushers(process)


class _Content(io.FileIO):
    def __init__(self, job: Job, counted: mmap.mmap) -> None:
        super().__init__(job.path)
        self._job, self._counted = job, counted

    def seekable(self) -> bool:
        """As the job says."""
        return self._job.seeks

    def read(self, size: int | None = -1) -> bytes:
        """Counts."""
        if self._job.dies_at is not None and self.tell() >= self._job.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        piece = super().read(size) or b""
        self._counted[:8] = (int.from_bytes(self._counted[:8]) + len(piece)).to_bytes(8)
        return piece


def _push(job: Job, counted: mmap.mmap) -> None:
    blob = Descriptor(BINARY, Digest.parse(job.digest), Path(job.path).stat().st_size)
    client = registry_at(job.host, chunk_bytes=job.chunk_bytes, uploads=Path(job.uploads))
    client.push_blob("a", blob, lambda: _Content(job, counted))
    counted[8:] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024).to_bytes(8)


def _serve() -> None:
    """The parent stays as it is: every child has the same memory to begin with."""
    for line in sys.stdin:
        counted = mmap.mmap(-1, 16)
        child = os.fork()
        if not child:
            _push(msgspec.json.decode(line, type=Job), counted)
            os._exit(0)
        print(child, flush=True)
        sys.stdin.readline()  # it is killed before it is waited for: its number is its own until then
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ended = Ended(status, int.from_bytes(counted[:8]), int.from_bytes(counted[8:]))
        print(msgspec.json.encode(ended).decode(), flush=True)


if __name__ == "__main__":
    _serve()
