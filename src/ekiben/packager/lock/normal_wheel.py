"""A wheel written again so that its bytes depend on the content of its files alone.

Build backends differ in the order of members, in times, modes, and compression (which depends on the zlib of the
machine), and each writes its own version into `WHEEL`. What is installed is not touched: each member keeps its bytes
but for `WHEEL`, which names another generator, and `RECORD`, which is made anew (PEP 427).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable

from ekiben.errors import LockError

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")  # of a RECORD that is no more (PEP 427 has them optional)
_GENERATOR = re.compile(rb"^Generator:.*$", re.MULTILINE)
_FILE = 0o100644 << 16
_EXECUTABLE = 0o100755 << 16


def normal_wheel(content: bytes) -> bytes:
    """The wheel in normal form: its own normal form, and the same for every zip of the same files.

    Raises LockError for what is no wheel, and for one with two members of one name or a member outside of it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            info = _info_folder(entries)
            members = {entry.filename: _member(entry.filename, archive.read(entry), info) for entry in entries}
            executables = {entry.filename for entry in entries if entry.external_attr >> 16 & 0o111}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # RuntimeError: it is encrypted
        raise LockError(f"a build gave a wheel that cannot be read: {error}") from error
    if len(members) != len(entries):
        raise LockError("a build gave a wheel that has two files of one name")
    record = f"{info}/RECORD"
    kept = {name: data for name, data in members.items() if name not in _without(info)}
    ordered = [*sorted(kept.items()), (record, _record(kept, record))]
    return _zip(ordered, executables)


def _info_folder(entries: Iterable[zipfile.ZipInfo]) -> str:
    for entry in entries:
        if entry.filename.startswith("/") or ".." in entry.filename.split("/"):
            raise LockError(f"a build gave a wheel with the file `{entry.filename}`, outside of it")
    found = {entry.filename.split("/")[0] for entry in entries if entry.filename.endswith(".dist-info/WHEEL")}
    if len(found) != 1:
        raise LockError("a build gave a wheel without one .dist-info folder")
    return found.pop()


def _member(name: str, data: bytes, info: str) -> bytes:
    if name != f"{info}/WHEEL":
        return data
    return _GENERATOR.sub(b"Generator: ekiben", data.replace(b"\r\n", b"\n"))


def _without(info: str) -> frozenset[str]:
    return frozenset({f"{info}/RECORD", *(f"{info}/{name}" for name in _SIGNATURES)})


def _record(members: dict[str, bytes], record: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in sorted(members.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow((name, f"sha256={digest}", len(data)))
    rows.writerow((record, "", ""))
    return text.getvalue().encode()


def _zip(members: Iterable[tuple[str, bytes]], executables: set[str]) -> bytes:
    """Stored, not compressed: the bytes then depend on no zlib, and the image layer is compressed anyway."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members:
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.create_system = 3  # Unix, whatever built it: the mode below is then read
            entry.external_attr = _EXECUTABLE if name in executables else _FILE
            archive.writestr(entry, data)
    return buffer.getvalue()
