"""`Lane`: a thread that works through blocks in order, a few behind whoever feeds it.

Hashing, compressing and writing let go of the interpreter's lock, so that a layer's tar is read, hashed and compressed
on as many cores as there are steps, in the memory of a dozen blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

_BEHIND = 4  # blocks: enough that neither side waits for a slow write of the other


class Lane:
    """A context manager, whose block ends when all is done, or at once where it fails. What `work` raises is raised by
    a later `put`, or at the end of the block."""

    def __init__(self, work: Callable[[bytes], object]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ekiben-layer")
        self._pending: deque[Future[object]] = deque()

    def put(self, block: bytes) -> None:
        """Hands over `block`; waits where the lane is too far behind."""
        if len(self._pending) >= _BEHIND:
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._work, block))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while error is None and self._pending:
                self._pending.popleft().result()
        finally:
            self._thread.shutdown(cancel_futures=True)
