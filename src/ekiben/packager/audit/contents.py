"""Secrets in the contents of a Bento's and its models' text files, and in those of the wheels that it carries."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator

from ekiben.packager.audit.codes import NOT_SEARCHED, PASSWORD, SECRET
from ekiben.packager.audit.evidence import MAX_TEXT_BYTES, Evidence, read_plain
from ekiben.packager.audit.finding import Finding, printable
from ekiben.packager.audit.inventory import AuditedFile, Kind
from ekiben.packager.audit.pickles.limits import Budget, Halt
from ekiben.packager.audit.pickles.packed import UNPACKING_ERRORS, CarefulFile, Unpacked
from ekiben.packager.audit.secrets import Secret, find_secrets
from ekiben.store.plain_file import open_plain

_HEAD_BYTES = 8192  # what is binary shows a zero byte there, as git has it
_SEARCHED = (Kind.source, Kind.models, Kind.locks, Kind.image, Kind.documents, Kind.other)
_MEMBER_BYTES = 4 * 1024**2  # of a wheel's file: code is shorter
_MOST = 20  # findings of one file: beyond, the file is what it is
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def check_contents(evidence: Evidence, advance: Callable[[int], None]) -> Iterator[Finding]:
    """Each secret that is found; `advance` is told the bytes done."""
    for file in evidence.of_kind(*_SEARCHED):
        yield from _of_file(file)
        advance(file.size_bytes)
    for wheel in evidence.of_kind(Kind.wheels):
        yield from _of_wheel(wheel)
        advance(wheel.size_bytes)


def _of_file(file: AuditedFile) -> Iterator[Finding]:
    content = read_plain(file.place)
    if content is None:
        yield Finding(NOT_SEARCHED, f"`{printable(file.path)}` cannot be read", file.path)
        return
    yield from _secrets(content, file.path, printable(file.path))
    if file.size_bytes > MAX_TEXT_BYTES and file.kind is not Kind.models:
        words = f"was searched for secrets in its first {MAX_TEXT_BYTES // 1024**2} MiB alone"
        yield Finding(NOT_SEARCHED, f"`{printable(file.path)}` {words}", file.path)


def _of_wheel(wheel: AuditedFile) -> Iterator[Finding]:
    """Its members one by one. What of it cannot be unpacked, or unpacks to too much, is left off and said."""
    try:
        with open_plain(wheel.place) as file, zipfile.ZipFile(CarefulFile(file)) as archive:
            budget = Budget(unpacked_bytes=MAX_TEXT_BYTES)
            for member in archive.infolist():
                budget.spend_member()
                with archive.open(member) as stream:
                    content = Unpacked(stream, budget).read(_MEMBER_BYTES)
                where = f"{printable(member.filename)}` in `{printable(wheel.path)}"
                yield from _secrets(content, wheel.path, where, member.filename)
    except (*UNPACKING_ERRORS, Halt):
        words = "is a wheel that was not searched to its end"
        yield Finding(NOT_SEARCHED, f"`{printable(wheel.path)}` {words}", wheel.path)


def _secrets(content: bytes, path: str, where: str, subject: str | None = None) -> Iterator[Finding]:
    text = _as_text(content)
    if text is None:
        return
    for secret in _first(find_secrets(text)):
        code = SECRET if secret.is_certain else PASSWORD
        line = secret.line if subject is None else None
        yield Finding(code, f"`{where}` holds {secret.kind}", path, line, subject)


def _first(secrets: Iterator[Secret]) -> Iterator[Secret]:
    """The first few, one for each kind and line."""
    seen = set[Secret]()
    for secret in secrets:
        if secret not in seen:
            seen.add(secret)
            yield secret
        if len(seen) == _MOST:
            return


def _as_text(content: bytes) -> bytes | None:
    """In UTF-8; None for what is no text."""
    encoding = _UTF16.get(content[:2])
    if encoding is not None:
        return content.decode(encoding, errors="replace").encode(errors="replace")
    return None if b"\0" in content[:_HEAD_BYTES] else content
