"""A wheel written again so that its bytes depend on the content of its files alone.

Build backends differ in the order of members, in times, modes, and compression (which depends on the zlib of the
machine), and each writes its own version into `WHEEL`. What is installed is not touched: each member keeps its bytes
but for `WHEEL`, which names another generator, and `RECORD`, which is made anew (PEP 427).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable

from ekiben.errors import LockError
from ekiben.packager.wheel_file import pack_wheel

_SIGNATURES = ("RECORD.jws", "RECORD.p7s")  # of a RECORD that is no more (PEP 427 has them optional)
_GENERATOR = re.compile(rb"^Generator:.*$", re.MULTILINE)


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
    kept = {name: data for name, data in members.items() if name not in _without(info)}
    return pack_wheel(kept, f"{info}/RECORD", executables)


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
