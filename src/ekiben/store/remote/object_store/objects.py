"""`Objects`: what a folder or a bucket has to be able to do, so that repositories can be kept in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ekiben.oci.transfer_progress import Meter
from ekiben.store.remote.object_store.checked import Checked


@dataclass(frozen=True, slots=True)
class Stat:
    """An object by its key; `changed_s` is the place's own clock, infinite where it does not tell."""

    key: str
    size_bytes: int
    changed_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """A small object; `version` is what `replace` compares."""

    content: bytes
    version: str


class Objects(Protocol):
    """Bytes by key, which has `/` between its parts; for several threads. Each is seen whole or not at all.

    Every method raises RemoteError, naming the place. What lies there may be anybody's.
    """

    @property
    def name(self) -> str:
        """What the place is called in messages."""

    def stat(self, key: str) -> Stat | None:
        """Size and time, None where there is no such object."""

    def read(self, key: str, limit: int) -> Found | None:
        """An object of at most `limit` bytes, None where there is none. Raises RemoteError for a larger one."""

    def chunks(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to `end`. Raises NotInRegistry, WrongBytes where there are fewer."""

    def write(self, key: str, content: bytes) -> None:
        """Puts a small object there, whatever there is."""

    def replace(self, key: str, content: bytes, version: str | None) -> bool:
        """Puts a small object in place of that version, None for no object; False where there is another by now. Of
        several who try at once one succeeds, where the place can do so."""

    def remove(self, key: str) -> None:
        """Takes an object away, if it is there."""

    def walk(self, prefix: str) -> Iterator[Stat]:
        """The objects whose keys begin so, page by page, in the order of their keys' parts."""

    def upload(self, key: str, open_content: Callable[[], Checked], meter: Meter) -> int:
        """Puts a large object there, going on where an earlier process was killed; gives the bytes that were sent.
        `open_content` gives its bytes from the first one, again each time."""

    def sweep_uploads(self, before_s: float) -> None:
        """Removes what is left of uploads that nobody has gone on with since."""
