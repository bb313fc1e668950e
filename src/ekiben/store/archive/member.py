"""`Member`: one file that goes into an archive; its bytes are held against the item's sums while they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.store.archive.entry import CHUNK_BYTES
from ekiben.store.plain_file import open_plain


@dataclass(frozen=True, slots=True)
class Member:
    """`source` is the file, or the bytes themselves. `digest` is what the bytes must have, None where none is known."""

    path: str
    source: Path | bytes
    size_bytes: int
    is_executable: bool = False
    digest: Digest | None = None

    @property
    def mode(self) -> int:
        """The two modes that items have."""
        return 0o755 if self.is_executable else 0o644

    def chunks(self) -> Iterator[bytes]:
        """The content, read once. Raises DamagedItem at its end where it is not what it was; OSError."""
        if isinstance(self.source, bytes):
            yield self.source
            return
        state, size_bytes = hashlib.sha256(), 0
        with open_plain(self.source) as stream:
            while chunk := stream.read(min(CHUNK_BYTES, self.size_bytes + 1 - size_bytes)):
                size_bytes += len(chunk)
                if size_bytes > self.size_bytes:
                    break
                state.update(chunk)
                yield chunk
        if size_bytes != self.size_bytes or (self.digest and state.hexdigest() != self.digest.hex):
            raise DamagedItem(
                f"`{self.source}` has changed since it was saved", hint="delete the item and save or build it again"
            )
