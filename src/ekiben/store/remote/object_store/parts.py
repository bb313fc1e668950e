"""A large object sent in parts, several at once; those that the place has already, by their MD5, are not sent again."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from ekiben.oci.transfer_progress import Meter
from ekiben.store.remote.object_store.checked import Checked

PART_BYTES = 16 * 1024 * 1024
AT_ONCE = 2  # parts in memory, of all uploads together: with what the backend copies, some 40 MiB each
_MEBIBYTE = 1024 * 1024


class PartedUpload(Protocol):
    """An upload that outlives this process; for several threads."""

    def there(self) -> Mapping[int, str]:
        """The MD5, as hex, of each part that the place has, counted from 1; of those that it tells it of."""

    def send(self, number: int, content: bytes, md5: str) -> None:
        """Brings a part there."""

    def join(self, count: int) -> None:
        """Makes the object of its parts, which are all there."""


def part_size(size_bytes: int, part_bytes: int, max_parts: int) -> int:
    """How large the parts of an object are: the same for every process that sends it."""
    needed = -(-size_bytes // max_parts)
    return max(part_bytes, -(-needed // _MEBIBYTE) * _MEBIBYTE)


def send_parts(
    upload: PartedUpload, content: Checked, part_bytes: int, slots: threading.BoundedSemaphore, meter: Meter
) -> int:
    """Sends what is not there and joins all; gives the bytes that were sent. `slots` bounds the parts in memory."""
    there, sending, sent_bytes, done_bytes = upload.there(), dict[int, Future[None]](), 0, 0
    count = -(-content.blob.size_bytes // part_bytes)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ekiben-part") as pool:
        for number in range(1, count + 1):
            slots.acquire()
            try:
                _raise_failures(sending)
                part = content.read(part_bytes)
                md5 = hashlib.md5(part, usedforsecurity=False).hexdigest()
            except BaseException:
                slots.release()
                raise
            done_bytes += len(part)
            if there.get(number) == md5:
                slots.release()
            else:
                sent_bytes += len(part)
                sending[number] = pool.submit(upload.send, number, part, md5)
                sending[number].add_done_callback(lambda _: slots.release())
            del part
            meter.reached(done_bytes)
    _raise_failures(sending)
    upload.join(count)
    return sent_bytes


def _raise_failures(sending: dict[int, Future[None]]) -> None:
    for number in [number for number, future in sending.items() if future.done()]:
        sending.pop(number).result()
