"""Blobs into files: written where they belong by one connection or several, hashed in order by a thread that follows.

What is written is read again to be hashed, which costs less than handing it over: the hash is that of the file, what an
earlier process left is hashed while the rest comes, and nothing piles up in memory where hashing is slower.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import EkibenError
from ekiben.oci.artifact_store import Part
from ekiben.oci.locking import locked_file
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.partial_file import PartialFile
from ekiben.oci.registry.ranges import ENDLESS, PIECE_BYTES, Pieces, is_worth_help
from ekiben.oci.transfer_progress import Meter, Progress

LINES = 8  # connections at once, of all the blobs of a call: what registries and their storage take from one address
_BLOCK_BYTES = 1024 * 1024  # hashed at once
_LOOK_AGAIN_S = 0.1  # whether another process has done with a file
_HELPERS_TRIES = 3  # of a connection that is not needed: the first one has all the patience


@dataclass(frozen=True, slots=True)
class Saving:
    """How blobs are saved: `spare` are connections that may be opened beside the first of each."""

    spare: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    piece_bytes: int = PIECE_BYTES
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, at_once: int) -> Saving:
        """For so many blobs at once."""
        return cls(threading.Semaphore(max(0, LINES - at_once)))

    def save_locked(self, blob: RemoteBlob, path: Path, progress: Progress, part: Part | None = None) -> None:
        """The same for who does not hold the file's lock: where another process does, it is waited for, and what it
        brought is not fetched again."""
        told = False

        def pause() -> None:
            nonlocal told
            if not told:
                progress.say(f"waiting for another process that fetches `{path.name}`")
            told = True
            progress.pause(_LOOK_AGAIN_S)

        with locked_file(path, pause):
            self.save(blob, path, Meter(progress), part)

    def save(self, blob: RemoteBlob, path: Path, meter: Meter, part: Part | None = None) -> None:
        """Writes the blob, or the `part` of it, into `path`, going on with what an earlier process left there.

        The file is to be locked by the caller, who names it and renames it when this returns: until then its bytes are
        unchecked. It stays the same file. Raises RegistryError, WrongBytes after removing it, OSError from the disk.
        """
        digest, offset, size_bytes = blob.digest, 0, blob.size_bytes
        if part is not None:
            digest, offset, size_bytes = part.digest, part.offset, part.size_bytes
            if blob.size_bytes is not None and offset + size_bytes > blob.size_bytes:
                raise blob.wrong(f"its part of {size_bytes} bytes at {offset} is said to end behind it")
        with PartialFile.open(path, digest, size_bytes, self.piece_bytes) as file:
            found = _Filling(self, blob, offset, file, meter).run()
            if (
                found != digest
            ):  # what was there, or a cache on the way, may have been damaged: once more from the start
                file.clear()
                found = _Filling(Saving(), blob, offset, file, meter).run()
            if found != digest:
                path.unlink()
                raise blob.wrong(f"the bytes are those of `{found}`")
            file.finish()


@dataclass(slots=True)
class _Filling:
    """One blob on its way into `file`, from its byte `offset` on: a thread that leads and must not fail, others that
    help while they can, and one that hashes."""

    saving: Saving
    blob: RemoteBlob
    offset: int
    file: PartialFile
    meter: Meter
    _pieces: Pieces = field(init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _has_failed: bool = field(default=False, init=False)
    _helping: int = field(default=0, init=False)  # how many bring something
    _may_call: bool = field(default=True, init=False)  # the last that was called to help did

    def run(self) -> Digest:
        """The digest of what has come to lie in the file. Raises RegistryError, OSError."""
        self._pieces = self.file.found()
        self.meter.reached(self._pieces.come_bytes)
        with ThreadPoolExecutor(1 + LINES, thread_name_prefix="ekiben-blob") as threads:
            hashed = threads.submit(self._hash)
            try:
                self._lead(threads)
            except BaseException:
                with self._changed:
                    self._has_failed = True
                    self._changed.notify_all()
                self.meter.progress.stop()  # who helps may wait for an answer
                raise
            return hashed.result()

    def _lead(self, threads: ThreadPoolExecutor) -> None:
        """Brings what nobody else brings, until all is there."""
        begun_s, before = self.saving.clock(), self._pieces.come_bytes
        with closing(_Line(self.blob, self.offset)) as line:
            while (index := self._next_piece(line.position)) is not None:
                for _ in self._bring(line, index, self._answer_end(index)):
                    seconds = self.saving.clock() - begun_s
                    if is_worth_help(seconds, self._pieces.come_bytes - before, self._pieces):
                        self._call_help(threads)
                if line.has_ended and self._pieces.is_endless:
                    with self._changed:
                        self._pieces.note_end()
                        self._changed.notify_all()

    def _answer_end(self, index: int) -> int:
        """Up to where the leader asks: who is alone reads on as far as it can."""
        with self._changed:
            return self._pieces.end(index) if self._helping else self._pieces.run_end(index)

    def _next_piece(self, at: int | None) -> int | None:
        """The leader's next one, maybe after waiting for what a helper drops; None where all is there."""
        with self._changed:
            while not self._pieces.is_whole:
                if (index := self._pieces.claim(at)) is not None:
                    return index
                self._changed.wait()
        return None

    def _call_help(self, threads: ThreadPoolExecutor) -> None:
        """One more connection, where there may be more and the last one got on."""
        if self._may_call and self.saving.spare.acquire(blocking=False):
            with self._changed:
                self.file.record(self._pieces)
            self._may_call = False
            threads.submit(self._help)

    def _help(self) -> None:
        """Brings pieces until there are no more, or until it fails: what fails for good fails for the leader, too."""
        hasty = replace(self.blob.client.patience, tries=_HELPERS_TRIES, longest_asked_s=0.0)
        blob = replace(self.blob, client=replace(self.blob.client, patience=hasty), is_one_of_several=True)
        try:
            with closing(_Line(blob, self.offset)) as line, suppress(EkibenError, OSError):
                if self._gets_answer(line):
                    self._help_with(line)
        finally:
            self.saving.spare.release()

    def _gets_answer(self, line: _Line) -> bool:
        """Whether a part is to be had. Until that is known the leader does not leave its answer for somebody else's
        piece: it would come back to it."""
        with self._changed:
            index = self._pieces.second_free()
            if index is None:
                return False
            start, end = self._pieces.reached(index), self._pieces.end(index)
        line.begin(start, end)
        return True

    def _help_with(self, line: _Line) -> None:
        with self._changed:
            self._helping += 1
        self._may_call = True
        try:
            while (index := self._claim(line.position)) is not None:
                for _ in self._bring(line, index):
                    pass
        finally:
            with self._changed:
                self._helping -= 1

    def _claim(self, at: int | None) -> int | None:
        with self._changed:
            return self._pieces.claim(at)

    def _bring(self, line: _Line, index: int, until: int | None = None) -> Iterator[None]:
        """Writes what is missing of a piece, in steps; `until` is where the answer may end that holds it."""
        position, end = self._pieces.reached(index), self._pieces.end(index)
        try:
            for chunk in line.read(position, end, until or end):
                self.file.write(position, chunk)
                position += len(chunk)
                with self._changed:
                    self._pieces.note(index, position)
                    self.file.note(index, self._pieces.come(index))
                    self.meter.reached(self._pieces.come_bytes)
                    self._changed.notify_all()
                yield
        finally:
            with self._changed:
                self._pieces.release(index)
                self._changed.notify_all()

    def _hash(self) -> Digest:
        """Of all bytes, each as soon as those before it are there."""
        state, position = hashlib.sha256(), 0
        buffer = memoryview(bytearray(_BLOCK_BYTES))
        while (end := self._await_block(position)) > position:
            count = self.file.read_into(buffer[: end - position], position)
            if not count:
                break
            state.update(buffer[:count])
            position += count
        return Digest(state.hexdigest())

    def _await_block(self, position: int) -> int:
        """Where what can be hashed next ends: at `position` where there is, or will be, nothing more."""
        with self._changed:
            while not self._has_failed and self._pieces.frontier < min(
                position + _BLOCK_BYTES, self._pieces.size_bytes
            ):
                self._changed.wait()
            return position if self._has_failed else min(position + _BLOCK_BYTES, self._pieces.frontier)


@dataclass(slots=True)
class _Line:
    """One connection: an answer that is read on as long as what comes next in it is what is wanted next. Its positions
    count from the blob's byte `offset`."""

    blob: RemoteBlob
    offset: int
    position: int | None = field(default=None, init=False)  # the byte that comes next
    has_ended: bool = field(default=False, init=False)
    _chunks: Generator[bytes] | None = field(default=None, init=False)
    _left: memoryview = field(default=memoryview(b""), init=False)
    _until: int | None = field(default=None, init=False)  # the byte that the answer ends before

    def begin(self, start: int, until: int) -> None:
        """Waits for bytes from `start` on, of an answer that is to end before `until`."""
        self.close()
        self._chunks = self.blob.chunks(self.offset + start, None if until == ENDLESS else self.offset + until)
        self.position, self._until = start, until
        self._left = memoryview(next(self._chunks, b""))

    def read(self, start: int, end: int, until: int) -> Iterator[memoryview]:
        """The bytes from `start` up to `end`, of an answer that is to end before `until` where one has to be asked
        for."""
        if self._chunks is None or start == self._until or start != self.position:
            self.begin(start, until)
        assert self._chunks is not None
        while start < end:
            chunk = self._left or memoryview(next(self._chunks, b""))
            if not chunk:
                self.has_ended = True
                return
            chunk, self._left = chunk[: end - start], chunk[end - start :]
            start += len(chunk)
            self.position = start
            yield chunk

    def close(self) -> None:
        """Ends the answer."""
        if self._chunks is not None:
            self._chunks.close()
        self._chunks, self._left, self.position = None, memoryview(b""), None
