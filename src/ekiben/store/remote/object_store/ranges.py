"""A stretch of an object, fetched in pieces of which some are asked for before they are wanted, and given in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

RANGE_BYTES = 4 * 1024 * 1024
AHEAD = 4  # pieces under way: with four blobs at once, 64 MiB in memory


def fetch_ahead(fetch: Callable[[int, int], bytes], start: int, end: int) -> Iterator[bytes]:
    """The bytes from `start` up to `end`; `fetch` gives those between two places, to several threads at once."""
    if end - start <= RANGE_BYTES:
        if start < end:
            yield fetch(start, end)
        return
    pool = ThreadPoolExecutor(AHEAD, thread_name_prefix="ekiben-range")
    under_way = deque[Future[bytes]]()
    try:
        for place in range(start, end, RANGE_BYTES):
            under_way.append(pool.submit(fetch, place, min(place + RANGE_BYTES, end)))
            if len(under_way) == AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
