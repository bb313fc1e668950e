"""`StoredItem`: what a model and a Bento in the store have in common. Values that read only what is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import UsageError
from ekiben.store.receipt import Receipt, format_time, read_details
from ekiben.tag import Tag


@dataclass(frozen=True)  # no slots: the manifest is read when first asked for, and kept
class StoredItem:
    """An item at `path`, which nobody changes: content under a tag is for ever the same."""

    tag: Tag
    path: Path
    receipt: Receipt = field(repr=False, compare=False)

    @property
    def digest(self) -> Digest:
        """Of SHA256SUMS: what whoever checks compares."""
        return self.receipt.digest

    @property
    def size_bytes(self) -> int:
        """Of all the files that SHA256SUMS lists."""
        return self.receipt.size_bytes

    @property
    def created(self) -> datetime:
        """When this content was first saved or built here, in UTC."""
        return self.receipt.created

    @property
    def creation_time(self) -> datetime:
        """BentoML's name for `created`."""
        return self.receipt.created

    @property
    def details(self) -> dict[str, object]:
        """What else the receipt tells of the making: duration, host, git, lock."""
        return read_details(self.path)

    def path_of(self, *parts: str) -> Path:
        """The path of a file inside the item."""
        return path_inside(self.path, *parts)

    def _shown(self, content: dict[str, object]) -> dict[str, object]:
        """`content` of a manifest with what is true of this copy around it, as `get -o yaml` shows."""
        rest = {key: value for key, value in content.items() if key != "name"}
        return {
            "tag": str(self.tag),
            "name": self.tag.name,
            "version": self.tag.version,
            **rest,
            "created": format_time(self.created),
            "creation_time": self.created.isoformat(),  # BentoML's name and form
            "digest": str(self.digest),
            "size_bytes": self.size_bytes,
            "path": str(self.path),
        }


def path_inside(folder: Path, *parts: str) -> Path:
    """`parts` joined under `folder`. Raises UsageError where they lead out of it."""
    if any(Path(part).is_absolute() or ".." in Path(part).parts for part in parts):
        raise UsageError(f"`{'/'.join(parts)}` leads out of `{folder}`")
    return folder.joinpath(*parts)
