"""`pack_wheel`: files as a wheel whose bytes depend on their names and contents alone (PEP 427)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Collection, Iterable, Mapping

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_FILE = 0o100644 << 16
_EXECUTABLE = 0o100755 << 16


def pack_wheel(files: Mapping[str, bytes], record: str, executables: Collection[str] = ()) -> bytes:
    """The wheel of `files` (path to bytes), sorted, and behind them the RECORD at the path `record`, made here."""
    ordered = sorted(files.items())
    return _zip([*ordered, (record, _record(ordered, record))], executables)


def _record(files: Iterable[tuple[str, bytes]], record: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for path, content in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow((path, f"sha256={digest}", len(content)))
    rows.writerow((record, "", ""))
    return text.getvalue().encode()


def _zip(members: Iterable[tuple[str, bytes]], executables: Collection[str]) -> bytes:
    """Stored, not compressed: the bytes then depend on no zlib, and the image layer is compressed anyway."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in members:
            entry = zipfile.ZipInfo(path, _ZIP_EPOCH)
            entry.create_system = 3  # Unix, whatever built it: the mode below is then read
            entry.external_attr = _EXECUTABLE if path in executables else _FILE
            archive.writestr(entry, content)
    return buffer.getvalue()
