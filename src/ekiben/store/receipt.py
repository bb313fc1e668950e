"""`Receipt`: what is true of one making of an item and not of its content: its tag, full digest, time, machine.

It is never hashed. An item without one (in an image, where times would make layers differ) is described from its
SHA256SUMS.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, InvalidDigest, InvalidTag, SettingsError
from ekiben.store.documents import Document, dump_document, read_document
from ekiben.store.sums import SUMS, parse_sums
from ekiben.tag import Tag

RECEIPT = "receipt.yaml"
_EPOCH = "SOURCE_DATE_EPOCH"  # https://reproducible-builds.org/specs/source-date-epoch/
_OWN_KEYS = ("tag", "digest", "created", "size_bytes")


@dataclass(frozen=True, slots=True)
class Receipt:
    """`size_bytes` counts the files of SHA256SUMS; `details` holds whatever the maker wants to tell."""

    tag: Tag
    digest: Digest
    created: datetime
    size_bytes: int
    details: Mapping[str, object] = field(default_factory=dict)

    def to_yaml(self) -> str:
        """The text of receipt.yaml."""
        own = {
            "tag": str(self.tag),
            "digest": str(self.digest),
            "created": format_time(self.created),
            "size_bytes": self.size_bytes,
        }
        return dump_document({**own, **{key: value for key, value in self.details.items() if key not in _OWN_KEYS}})


def read_receipt(folder: Path) -> Receipt | None:
    """The receipt of the item in `folder`, None where there is no item. Raises DamagedItem where it is unreadable."""
    try:
        document = read_document(folder / RECEIPT)
    except (FileNotFoundError, NotADirectoryError):
        return _from_sums(folder)
    return _from_document(document)


def _from_document(document: Document) -> Receipt:
    try:
        return Receipt(
            tag=Tag.parse(document.text("tag")),
            digest=Digest.parse(document.text("digest")),
            created=parse_time(document.text("created")),
            size_bytes=document.number("size_bytes"),
            details={key: value for key, value in document.content.items() if key not in _OWN_KEYS},
        )
    except (InvalidTag, InvalidDigest, ValueError) as error:
        raise DamagedItem(f"`{document.path}`: {error}") from error


def _from_sums(folder: Path) -> Receipt | None:
    try:
        content = (folder / SUMS).read_bytes()
        created = datetime.fromtimestamp((folder / SUMS).stat().st_mtime, UTC)
        sizes = [(folder / path).stat().st_size for path in parse_sums(content.decode())]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Receipt(Tag(folder.parent.name, folder.name), Digest.of_bytes(content), created, sum(sizes))


def now() -> datetime:
    """The time to write down: SOURCE_DATE_EPOCH where it is set, else the clock's, in UTC."""
    epoch = os.environ.get(_EPOCH)
    if not epoch:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SettingsError(f"`{epoch}` is no value of {_EPOCH}", hint="write whole seconds since 1970") from error


def format_time(time: datetime) -> str:
    """RFC 3339 in UTC with microseconds: texts sort as times do."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """The time that `text` spells. Raises ValueError."""
    return datetime.fromisoformat(text).astimezone(UTC)
