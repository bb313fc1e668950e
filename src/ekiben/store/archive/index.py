"""`ekiben-archive.yaml`, the first file of an archive: what is in it, and under which tags.

An item's own files never hold its tag or digest, so the archive does. Neither a time nor a place: the same item gives
the same archive on every machine. It is not part of the item.
"""

from __future__ import annotations

from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.errors import ArchiveError, InvalidDigest, InvalidTag
from ekiben.store.archive.formats import KINDS, ItemKind
from ekiben.store.documents import Document, dump_document
from ekiben.tag import Tag

INDEX = "ekiben-archive.yaml"
VERSION = 2  # of this file: raised when an older ekiben would misread a newer archive
_WITHOUT_OFFLINE = 1  # of an archive that the first ekiben can read


@dataclass(frozen=True, slots=True)
class ArchiveIndex:
    """The item, its full digest, and the exact tags of the models that lie in `models/<name>/<version>/`. `offline` are
    the platforms whose image can be made of what else is there."""

    kind: ItemKind
    tag: Tag
    digest: Digest
    models: tuple[Tag, ...] = ()
    offline: tuple[str, ...] = ()

    def to_yaml(self) -> bytes:
        """The file's content."""
        return dump_document(
            {
                "archive": VERSION if self.offline else _WITHOUT_OFFLINE,
                "kind": self.kind.key,
                "tag": str(self.tag),
                "digest": str(self.digest),
                "models": [str(model) for model in self.models],
                **({"offline": list(self.offline)} if self.offline else {}),
            }
        )

    @classmethod
    def from_document(cls, document: Document) -> ArchiveIndex:
        """The index in the file. Raises DamagedItem, and ArchiveError where a newer ekiben wrote it."""
        if document.number("archive") > VERSION:
            raise ArchiveError("it was made by a newer ekiben", hint="upgrade ekiben")
        kinds = {kind.key: kind for kind in KINDS}
        try:
            return cls(
                kind=kinds[document.text("kind")],
                tag=_exact(document.text("tag")),
                digest=Digest.parse(document.text("digest")),
                models=tuple(_exact(str(one)) for one in document.rows("models")),
                offline=tuple(str(one) for one in document.rows("offline")),
            )
        except (InvalidTag, InvalidDigest, KeyError) as error:
            raise ArchiveError(f"its `{INDEX}` cannot be used: {error}") from error


def _exact(text: str) -> Tag:
    tag = Tag.parse(text)
    if not tag.is_exact:
        raise InvalidTag(f"`{text}` names no version")
    return tag
