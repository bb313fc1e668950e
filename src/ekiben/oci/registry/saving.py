"""Blobs into files: written where they belong by one connection or several, hashed in order by a thread that follows.

What is written is read again to be hashed, which costs less than handing it over: the hash is that of the file, what an
earlier process left is hashed while the rest comes, and nothing piles up in memory where hashing is slower.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import EkibenError
from ekiben.oci.artifact_store import Part
from ekiben.oci.locking import locked_file
from ekiben.oci.registry.downloads import RemoteBlob
from ekiben.oci.registry.line import Line
from ekiben.oci.registry.partial_file import PartialFile
from ekiben.oci.registry.ranges import PIECE_BYTES, Pieces, is_worth_help
from ekiben.oci.registry.retrying import Temporary
from ekiben.oci.registry.transport import Transport
from ekiben.oci.transfer_progress import Meter, Progress

LINES = 8  # connections at once, of all the blobs of a call: what registries and their storage take from one address
_BLOCK_BYTES = 1024 * 1024  # hashed at once
_LOOK_AGAIN_S = 0.1  # whether another process or thread is done
_HELPERS_TRIES = 3  # of a connection that is not needed: the first one has all the patience


@dataclass(frozen=True, slots=True)
class Saving:
    """How blobs are saved: `spare` are connections that may be opened beside the first of each. They are broken off
    where all that is left is theirs, and nothing came for `silent_s`."""

    spare: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    piece_bytes: int = PIECE_BYTES
    silent_s: float = 20.0
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
            if found != digest:
                file.clear()  # what was there, or a cache on the way, may have been damaged: once more, from the start
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
    _helpers: list[Future[None]] = field(default_factory=list, init=False)
    _helping: int = field(default=0, init=False)  # how many bring something
    _may_call: bool = field(default=True, init=False)  # the last that was called to help did
    _is_over: bool = field(default=False, init=False)  # the leader needs nobody any more
    _has_failed: bool = field(default=False, init=False)
    _transport: Transport = field(init=False)  # of those that help, to break them off alone

    def run(self) -> Digest:
        """The digest of what has come to lie in the file. Raises RegistryError, OSError."""
        self._transport = Transport(self.blob.client.transport.network)
        self._pieces = self.file.found()
        self.meter.reached(self._pieces.come_bytes)
        with ThreadPoolExecutor(1 + LINES, thread_name_prefix="ekiben-blob") as threads:
            hashed = threads.submit(self._hash)
            try:
                self._lead(threads)
            except BaseException:
                self._has_failed = True
                raise
            finally:
                self._end()
            return hashed.result()

    def _end(self) -> None:
        """Sends home who helps: one may wait for an answer, and another be about to."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        while wait(self._helpers, _LOOK_AGAIN_S).not_done:
            self._transport.break_off()

    def _lead(self, threads: ThreadPoolExecutor) -> None:
        """Brings what nobody else brings, until all is there."""
        begun_s, before = self.saving.clock(), self._pieces.come_bytes
        with closing(Line(self.blob, self.offset)) as line:
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
        silent_s = 0.0
        with self._changed:
            while not self._pieces.is_whole:
                if (index := self._pieces.claim(at)) is not None:
                    return index
                self.meter.progress.check()
                silent_s = 0.0 if self._changed.wait(_LOOK_AGAIN_S) else silent_s + _LOOK_AGAIN_S
                if silent_s > self.saving.silent_s:
                    self._transport.break_off()
                    silent_s = 0.0
        return None

    def _call_help(self, threads: ThreadPoolExecutor) -> None:
        """One more connection, where there may be more and the last one got on."""
        if self._may_call and self.saving.spare.acquire(blocking=False):
            with self._changed:
                self.file.record(self._pieces)
            self._may_call = False
            self._helpers.append(threads.submit(self._help))

    def _help(self) -> None:
        """Brings pieces until there are no more, or until it fails: what fails for good fails for the leader, too."""
        client = self.blob.client
        hasty = replace(client.patience, tries=_HELPERS_TRIES, longest_asked_s=0.0)
        client = replace(client, transport=self._transport, patience=hasty, wait=self._pause)
        try:
            blob = replace(self.blob, client=client, is_one_of_several=True)
            with closing(Line(blob, self.offset)) as line, suppress(EkibenError, OSError):
                if self._gets_answer(line):
                    self._help_with(line)
        finally:
            self.saving.spare.release()

    def _pause(self, seconds: float, failure: Temporary) -> None:
        """A helper's, after a failure that nobody need know of."""
        with self._changed:
            if self._changed.wait_for(lambda: self._is_over, seconds):
                raise failure

    def _gets_answer(self, line: Line) -> bool:
        """Whether a part is to be had. Until that is known the leader does not leave its answer for somebody else's
        piece: it would come back to it."""
        with self._changed:
            index = self._pieces.second_free()
            if index is None:
                return False
            start, end = self._pieces.reached(index), self._pieces.end(index)
        line.begin(start, end)
        return True

    def _help_with(self, line: Line) -> None:
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

    def _bring(self, line: Line, index: int, until: int | None = None) -> Iterator[None]:
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
        block = position + _BLOCK_BYTES
        with self._changed:
            while self._pieces.frontier < min(block, self._pieces.size_bytes) and not self._has_failed:
                self._changed.wait()
            return position if self._has_failed else min(block, self._pieces.frontier)
