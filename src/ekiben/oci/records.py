"""Small records of a cache, each a line with the digest of its JSON and the JSON: what is damaged counts as absent."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from ekiben.digest import Digest

T = TypeVar("T")


def spelled_record(record: object) -> bytes:
    """A record as a file has it."""
    content = msgspec.json.encode(record)
    return b"%s\n%s" % (Digest.of_bytes(content).hex.encode(), content)


def read_record(path: Path, kind: type[T]) -> T | None:
    """The record in the file, None where there is none, or one that is damaged or of another kind. Raises OSError."""
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
        return msgspec.json.decode(content, type=kind) if Digest.of_bytes(content).hex.encode() == digest else None
    except (FileNotFoundError, IsADirectoryError, msgspec.DecodeError):
        return None
