"""`SHA256SUMS` as coreutils write it, so that `sha256sum -c SHA256SUMS` checks an item with no tool of ours.

A line is `<hex>  <path>`; a path with a backslash, newline or carriage return is written with `\\\\`, `\\n`, `\\r`, and
its line begins with a backslash (coreutils manual, "md5sum invocation"). Pure: bytes in, values out. Beside what it
lists are signatures, which come later and from several people, and what a Bento's image is made of without a network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, InvalidDigest

SUMS = "SHA256SUMS"
SIGNATURES = "signatures"  # a folder in an item: one file for each key
SIGNATURE_SUFFIX = ".sigstore.json"
OFFLINE = "ekiben-offline"  # a folder in a Bento that came for a machine without a network
OFFLINE_WHEELS = f"{OFFLINE}/wheels"  # those that its locks name, and that it does not hold itself
OFFLINE_BASES = f"{OFFLINE}/bases"  # an OCI layout: what its image stands on, by the names that the Bento has for it
_BLOBS = f"{OFFLINE_BASES}/blobs/sha256"
_SIGNATURE = re.compile(rf"{SIGNATURES}/[0-9a-f]{{16}}{re.escape(SIGNATURE_SUFFIX)}")
_OFFLINE = re.compile(
    rf"{OFFLINE_WHEELS}/[^/]+\.whl|{OFFLINE_BASES}/(?:oci-layout|index\.json)|{_BLOBS}/[0-9a-f]{{64}}"
)
_BESIDE_FOLDERS = frozenset({SIGNATURES, OFFLINE, OFFLINE_WHEELS, OFFLINE_BASES, f"{OFFLINE_BASES}/blobs", _BLOBS})
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_ORIGINALS = {written: original for original, written in _ESCAPES.items()}
_SPECIAL = re.compile(r"[\\\n\r]")
_ESCAPED = re.compile(r"\\.?", re.DOTALL)


def is_beside(path: str) -> bool:
    """Whether a path in an item is of one of the folders whose files are not among what SHA256SUMS lists."""
    return path.partition("/")[0] in (SIGNATURES, OFFLINE)


def is_beside_folder(path: str) -> bool:
    """Whether a path is one that a folder of what lies beside may have."""
    return path in _BESIDE_FOLDERS


def is_signature(path: str) -> bool:
    """Whether a path in an item is one that a signature may have: `signatures/<16 hex digits>.sigstore.json`."""
    return _SIGNATURE.fullmatch(path) is not None


def is_offline(path: str) -> bool:
    """Whether a path in an item is one that a wheel or a part of a base image may have that came along."""
    return _OFFLINE.fullmatch(path) is not None


def offline_blob(path: str) -> str | None:
    """The sha256 by which a blob of a base image is called; None for any other path."""
    return path.removeprefix(f"{_BLOBS}/") if path.startswith(f"{_BLOBS}/") else None


def format_sums(digests: Mapping[str, Digest]) -> bytes:
    """One line for each path, sorted by path."""
    return "".join(_line(path, digests[path]) for path in sorted(digests)).encode()


def parse_sums(content: bytes) -> dict[str, Digest]:
    """Path to digest. Raises DamagedItem naming the line that is none, leads out of the item, or stands twice."""
    try:
        lines = content.decode().split("\n")  # not splitlines(), which splits at characters that a path may hold
    except UnicodeDecodeError as error:
        raise DamagedItem(f"{SUMS} is no UTF-8") from error
    if lines.pop():
        raise DamagedItem(f"{SUMS} ends in the middle of a line")
    digests: dict[str, Digest] = {}
    for number, line in enumerate(lines, start=1):
        path, digest = _entry(number, line)
        if path in digests:
            raise DamagedItem(f"line {number} of {SUMS} names a file for the second time")
        digests[path] = digest
    return digests


def _line(path: str, digest: Digest) -> str:
    written = _SPECIAL.sub(lambda match: _ESCAPES[match.group()], path)
    mark = "" if written == path else "\\"
    return f"{mark}{digest.hex}  {written}\n"


def _entry(number: int, line: str) -> tuple[str, Digest]:
    is_escaped = line.startswith("\\")
    hexadecimal, separator, written = line.removeprefix("\\").partition("  ")
    if not separator or not written:
        raise DamagedItem(f"line {number} of {SUMS} is no checksum line")
    try:
        digest = Digest(hexadecimal)
    except InvalidDigest as error:
        raise DamagedItem(f"line {number} of {SUMS}: {error}") from error
    path = _ESCAPED.sub(_original, written) if is_escaped else written
    if "\0" in path or not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise DamagedItem(f"line {number} of {SUMS} names no file in the item")
    return path, digest


def _original(match: re.Match[str]) -> str:
    written = match.group()
    if written not in _ORIGINALS:
        raise DamagedItem(f"`{written}` in {SUMS} is no escape")
    return _ORIGINALS[written]
