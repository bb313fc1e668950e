"""RECORD: what a wheel promises of its files, and what an installed one says of them. Pure.

https://packaging.python.org/specifications/recording-installed-packages/ and PEP 427: a row for each file, with a hash
of SHA-256 or better, but for RECORD itself and its signatures.
"""

from __future__ import annotations

import base64
import csv
import io
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.packager.image.native.wheels.refused import Refused

RECORD = "RECORD"
SIGNATURES = ("RECORD.jws", "RECORD.p7s")  # of a RECORD that an installer replaces: not installed
_LESS_STRICT = "tell who makes it; `--engine docker` installs it by pip, which does not look"
_LENGTHS = {"sha256": 32, "sha384": 48, "sha512": 64}  # bytes
_HEX = re.compile(r"[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}")  # base64 of as many bytes is shorter than these


@dataclass(frozen=True, slots=True)
class Promise:
    """What RECORD says of a file. `size_bytes` is None where it says nothing of that."""

    algorithm: str
    hash: bytes
    size_bytes: int | None

    @property
    def digest(self) -> Digest | None:
        """The sha256; None where another algorithm was taken."""
        return Digest(self.hash.hex()) if self.algorithm == "sha256" else None


@dataclass(frozen=True, slots=True)
class Installed:
    """A file as the installed RECORD lists it."""

    path: str
    digest: Digest
    size_bytes: int


def parse_record(text: str) -> dict[str, Promise | None]:
    """The promises by path; None for a row without a hash. Raises Refused."""
    promises: dict[str, Promise | None] = {}
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            if not row:
                continue
            if len(row) != 3 or row[0] in promises:
                raise Refused(f"a row of its RECORD, that of `{row[0]}`, is no row of three, or there twice")
            promises[row[0]] = _promise(*row)
    except csv.Error as error:
        raise Refused(f"its RECORD cannot be read: {error}") from error
    return promises


def check_record(promises: Mapping[str, Promise | None], sizes: Mapping[str, int], unsigned: Iterable[str]) -> None:
    """Raises Refused unless `promises` are those of exactly the files in `sizes`, but for the paths in `unsigned`."""
    exempt = set(unsigned)
    listed = promises.keys() - exempt
    present = sizes.keys() - exempt
    if listed != present:
        path = min(listed ^ present)
        where = "not in its RECORD" if path in present else "in its RECORD alone"
        raise Refused(f"`{path}` is {where}", hint=_LESS_STRICT)
    for path in sorted(present):
        promise = promises[path]
        if promise is None:
            raise Refused(f"its RECORD has no hash of `{path}`", hint=_LESS_STRICT)
        if promise.size_bytes not in (None, sizes[path]):
            raise Refused(f"its RECORD gives `{path}` {promise.size_bytes} bytes, and it has {sizes[path]}")


def format_record(files: Iterable[Installed], folder: str, record: str) -> str:
    """The RECORD at the path `record` of installed files; each path relative to `folder`, the one of .dist-info."""
    text = io.StringIO()
    rows = [(_relative(one.path, folder), _format_hash(one.digest), one.size_bytes) for one in files]
    csv.writer(text, lineterminator="\n").writerows(sorted([*rows, (_relative(record, folder), "", "")]))
    return text.getvalue()


def _relative(path: str, folder: str) -> str:
    is_below = path.startswith(f"{folder}/")  # as nearly all are, and relpath takes a while for the thousands of them
    return path[len(folder) + 1 :] if is_below else posixpath.relpath(path, folder)


def _promise(path: str, hash_text: str, size_text: str) -> Promise | None:
    if size_text and not (size_text.isascii() and size_text.isdigit()):
        raise Refused(f"`{size_text}` in its RECORD is no size of `{path}`")
    if not hash_text:
        return None
    algorithm, _, encoded = hash_text.partition("=")
    found = _decoded(encoded)
    if len(found) != _LENGTHS.get(algorithm, -1):
        raise Refused(f"`{hash_text}` in its RECORD is no hash of `{path}` by SHA-256 or better")
    return Promise(algorithm, found, int(size_text) if size_text else None)


def _decoded(encoded: str) -> bytes:
    """The bytes of a hash in URL-safe base64 without padding, or in hex, as a few builders write it (that of gmsh)."""
    try:
        if _HEX.fullmatch(encoded):
            return bytes.fromhex(encoded)
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except ValueError:  # binascii.Error is one
        return b""


def _format_hash(digest: Digest) -> str:
    return "sha256=" + base64.urlsafe_b64encode(bytes.fromhex(digest.hex)).rstrip(b"=").decode()
