"""`wheel_headers`: what a wheel says of itself, without installing it."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import IO

_SUFFIX = ".dist-info/METADATA"
_LARGEST_BYTES = 16 * 1024 * 1024  # a licence may stand in it; what is larger was made to be
# What zipfile raises for what is damaged; RuntimeError and NotImplementedError for what is encrypted.
_UNREADABLE = (
    *(OSError, ValueError, EOFError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


def wheel_headers(wheel: Path | IO[bytes]) -> Message | None:
    """The headers of its METADATA (`Name`, `Version`, `License`, ...); None for what is no wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            (member,) = (one for one in archive.infolist() if one.filename.endswith(_SUFFIX))
            with archive.open(member) as stream:
                text = stream.read(_LARGEST_BYTES).decode("utf-8", errors="replace")
    except _UNREADABLE:
        return None
    return HeaderParser().parsestr(text)
