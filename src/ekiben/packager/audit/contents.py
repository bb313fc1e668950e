"""Secrets in the contents of a Bento's and its models' text files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ekiben.packager.audit.codes import NOT_SEARCHED, PASSWORD, SECRET
from ekiben.packager.audit.evidence import MAX_TEXT_BYTES, Evidence, read_plain
from ekiben.packager.audit.finding import Finding, printable
from ekiben.packager.audit.inventory import AuditedFile, Kind
from ekiben.packager.audit.secrets import Secret, find_secrets

_HEAD_BYTES = 8192  # what is binary shows a zero byte there, as git has it
_SEARCHED = (Kind.source, Kind.models, Kind.locks, Kind.image, Kind.documents, Kind.other)
_MOST = 20  # findings of one file: beyond, the file is what it is
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def check_contents(evidence: Evidence, advance: Callable[[int], None]) -> Iterator[Finding]:
    """Each secret that is found; `advance` is told the bytes done."""
    for file in evidence.of_kind(*_SEARCHED):
        yield from _of_file(file)
        advance(file.size_bytes)


def _of_file(file: AuditedFile) -> Iterator[Finding]:
    content = read_plain(file.place)
    if content is None:
        yield Finding(NOT_SEARCHED, f"`{printable(file.path)}` cannot be read", file.path)
        return
    text = _as_text(content)
    if text is None:
        return
    for secret in _first(find_secrets(text)):
        code = SECRET if secret.is_certain else PASSWORD
        yield Finding(code, f"`{printable(file.path)}` holds {secret.kind}", file.path, secret.line)
    if file.size_bytes > MAX_TEXT_BYTES and file.kind is not Kind.models:
        words = f"was searched for secrets in its first {MAX_TEXT_BYTES // 1024**2} MiB alone"
        yield Finding(NOT_SEARCHED, f"`{printable(file.path)}` {words}", file.path)


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
