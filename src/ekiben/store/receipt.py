"""`Receipt`: what is true of one making of an item and not of its content: tag, full digest, time, details.

It is never hashed. An item without one (in an image, where times would make layers differ) is described from its
SHA256SUMS.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import DamagedItem, InvalidDigest, InvalidTag, SettingsError
from ekiben.store.documents import Document, dump_document, parse_document, read_bytes, read_document
from ekiben.store.sums import SUMS, parse_sums
from ekiben.tag import Tag

RECEIPT = "receipt.yaml"
_EPOCH = "SOURCE_DATE_EPOCH"  # https://reproducible-builds.org/specs/source-date-epoch/
_OWN_KEYS = ("tag", "digest", "created", "size_bytes")
# How the own keys are nearly always written. A list reads nothing but receipts, thousands of them: by this it needs
# a tenth of the time that YAML takes. What does not match goes through YAML.
_HEAD = re.compile(
    r"tag: ([a-z0-9._:-]+)\n"
    r"digest: (sha256:[0-9a-f]{64})\n"
    r"created: '([0-9T:.Z-]+)'\n"
    r"size_bytes: ([0-9]+)\n"
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The keys that every receipt has. `size_bytes` counts the files of SHA256SUMS."""

    tag: Tag
    digest: Digest
    created: datetime
    size_bytes: int

    @property
    def line(self) -> str:
        """All of it in one line, for the index."""
        return f"{self.tag} {self.digest} {format_time(self.created)} {self.size_bytes}"

    @classmethod
    def from_line(cls, line: str, folder_tag: Tag) -> Receipt:
        """The receipt that `line` tells; `folder_tag`, where the item lies, is nearly always its own."""
        tag, digest, created, size_bytes = line.split(" ")
        own_tag = folder_tag if tag == str(folder_tag) else Tag.parse(tag)
        return cls(own_tag, Digest.parse(digest), datetime.fromisoformat(created), int(size_bytes))

    def to_yaml(self, details: Mapping[str, object]) -> bytes:
        """The content of receipt.yaml, with what else the maker wants to tell."""
        own = {
            "tag": str(self.tag),
            "digest": str(self.digest),
            "created": format_time(self.created),
            "size_bytes": self.size_bytes,
        }
        return dump_document({**own, **{key: value for key, value in details.items() if key not in own}})


def read_receipt(folder: Path) -> Receipt | None:
    """The receipt of the item in `folder`, None where there is no item. Raises DamagedItem where it is unreadable."""
    path = folder / RECEIPT
    try:
        content = read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return _from_sums(folder)
    head = _HEAD.match(content.decode(errors="replace"))
    return _receipt(path, *head.groups()) if head else _from_document(parse_document(path, content))


def read_details(folder: Path) -> dict[str, object]:
    """What the receipt tells beyond its own keys; empty where there is no receipt."""
    try:
        document = read_document(folder / RECEIPT)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {key: value for key, value in document.content.items() if key not in _OWN_KEYS}


def _from_document(document: Document) -> Receipt:
    tag, digest, created = (document.text(key) for key in _OWN_KEYS[:3])
    return _receipt(document.path, tag, digest, created, str(document.number("size_bytes")))


def _receipt(path: Path, tag: str, digest: str, created: str, size_bytes: str) -> Receipt:
    try:
        return Receipt(Tag.parse(tag), Digest.parse(digest), parse_time(created), int(size_bytes))
    except (InvalidTag, InvalidDigest, ValueError, OverflowError) as error:
        raise DamagedItem(f"`{path}`: {error}") from error


def _from_sums(folder: Path) -> Receipt | None:
    try:
        content = (folder / SUMS).read_bytes()
        created = datetime.fromtimestamp((folder / SUMS).stat().st_mtime, UTC)
        size_bytes = sum((folder / path).stat().st_size for path in parse_sums(content))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (DamagedItem, IsADirectoryError, ValueError) as error:  # ValueError: a path with a zero byte
        raise DamagedItem(f"`{folder / SUMS}` cannot be used: {error}") from error
    return Receipt(Tag(folder.parent.name, folder.name), Digest.of_bytes(content), created, size_bytes)


def now() -> datetime:
    """The time to write down: SOURCE_DATE_EPOCH where it is set, else the clock's, in UTC."""
    epoch = os.environ.get(_EPOCH)
    if not epoch:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SettingsError(f"`{epoch}` is no value of {_EPOCH}", hint="write whole seconds since 1970") from error


def host_platform() -> str:
    """The platform of the machine that makes an item, in OCI words: `linux/amd64`."""
    machine = platform.machine().lower()
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"{platform.system().lower()}/{architecture}"


def format_time(time: datetime) -> str:
    """RFC 3339 in UTC with microseconds: texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """The time that `text` spells. Raises ValueError."""
    return datetime.fromisoformat(text).astimezone(UTC)
