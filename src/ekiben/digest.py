"""`Digest`: sha256 of bytes, in the OCI spelling `sha256:<hex>`, and the short version name made from it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import InvalidDigest

VERSION_LENGTH = 16  # characters of base32: 80 bits, a name and not a check (whatever checks compares the full digest)
_ALGORITHM = "sha256:"
_HEX = re.compile(r"[0-9a-f]{64}")
_SHORT = re.compile(rf"[a-z2-7]{{{VERSION_LENGTH}}}")
_CHUNK = 1024 * 1024  # bytes read at once: memory stays bounded whatever the file


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A sha256. `str()` gives `sha256:<64 hex digits>`; one that exists is well formed."""

    hex: str

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.hex):
            raise InvalidDigest(f"`{self.hex}` is no sha256: 64 lower-case hex digits are asked for")

    @classmethod
    def parse(cls, text: str) -> Digest:
        """The digest that `sha256:<hex>` spells."""
        if not text.startswith(_ALGORITHM):
            raise InvalidDigest(f"`{text}` is no digest", hint="write `sha256:` and 64 hex digits")
        return cls(text[len(_ALGORITHM) :])

    @classmethod
    def of_bytes(cls, content: bytes) -> Digest:
        """The digest of `content`."""
        return cls(hashlib.sha256(content).hexdigest())

    @classmethod
    def of_chunks(cls, chunks: Iterable[bytes]) -> Digest:
        """The digest of the chunks joined, without joining them."""
        state = hashlib.sha256()
        for chunk in chunks:
            state.update(chunk)
        return cls(state.hexdigest())

    @classmethod
    def of_file(cls, path: Path) -> Digest:
        """The digest of a file's bytes, read in bounded memory."""
        with path.open("rb") as stream:
            return cls.of_chunks(iter(lambda: stream.read(_CHUNK), b""))

    @property
    def short_version(self) -> str:
        """The version name of content with this digest: the first 16 characters of the lower-case base32."""
        return base64.b32encode(bytes.fromhex(self.hex)).decode().lower()[:VERSION_LENGTH]

    def __str__(self) -> str:
        return f"sha256:{self.hex}"


def is_short_version(text: str) -> bool:
    """Whether `text` has the form of a version that is made from a digest, whichever that may be."""
    return _SHORT.fullmatch(text) is not None
