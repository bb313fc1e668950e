"""Which form an archive has: told by its name when it is written, by its first bytes when it is read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from ekiben.errors import ArchiveError, UsageError
from ekiben.store.bento_manifest import BENTO_MANIFEST
from ekiben.store.model_manifest import MODEL_MANIFEST

HEAD_BYTES = 512  # of an archive: what its form is told from, a tar header being the longest of the marks


class ArchiveFormat(StrEnum):
    """A tar file, plain or compressed; a zip file; a folder with the files themselves."""

    tar = "tar"
    gz = "gz"
    bz2 = "bz2"
    xz = "xz"
    zst = "zst"
    zip = "zip"
    folder = "folder"


@dataclass(frozen=True, slots=True)
class ItemKind:
    """What an archive holds: `noun` in messages, `suffix` of the file, `manifest` by which it is known."""

    noun: str
    suffix: str
    manifest: str
    command: str

    @property
    def key(self) -> str:
        """How the archive's index names it."""
        return self.noun.lower()


BENTO = ItemKind("Bento", ".bento", BENTO_MANIFEST, "ekiben import")
MODEL = ItemKind("model", ".bentomodel", MODEL_MANIFEST, "ekiben models import")
KINDS = (BENTO, MODEL)

# Models hardly compress: zstd costs them seconds where xz, which BentoML writes, costs minutes. Readers tell the two
# apart by their first bytes.
OWN_FORMAT = ArchiveFormat.zst
_SUFFIXES = {
    ".tar": ArchiveFormat.tar,
    ".gz": ArchiveFormat.gz,
    ".tgz": ArchiveFormat.gz,
    ".bz2": ArchiveFormat.bz2,
    ".xz": ArchiveFormat.xz,
    ".txz": ArchiveFormat.xz,
    ".zst": ArchiveFormat.zst,
    ".tzst": ArchiveFormat.zst,
    ".zip": ArchiveFormat.zip,
    **{kind.suffix: OWN_FORMAT for kind in KINDS},
}
_MARKS = (
    (b"PK\x03\x04", ArchiveFormat.zip),
    (b"PK\x05\x06", ArchiveFormat.zip),  # an empty one
    (b"\x1f\x8b", ArchiveFormat.gz),
    (b"BZh", ArchiveFormat.bz2),
    (b"\xfd7zXZ\x00", ArchiveFormat.xz),
    (b"\x28\xb5\x2f\xfd", ArchiveFormat.zst),
)
_TAR_MARK = slice(257, 262), b"ustar"


def no_item(hint: str | None = None) -> ArchiveError:
    """The error for what is neither."""
    return ArchiveError(f"it holds neither a `{BENTO.manifest}` nor a `{MODEL.manifest}`", hint=hint)


def format_of_name(name: str) -> ArchiveFormat | None:
    """What the last suffix of a file's name says; None where it says nothing."""
    return _SUFFIXES.get(PurePosixPath(name).suffix.lower())


def format_of_bytes(head: bytes) -> ArchiveFormat:
    """What the first HEAD_BYTES of a file say. Raises ArchiveError where they are no archive's."""
    for mark, form in _MARKS:
        if head.startswith(mark):
            return form
    place, mark = _TAR_MARK
    if head[place] == mark:
        return ArchiveFormat.tar
    raise ArchiveError("it is neither a tar nor a zip file", hint="is it whole, and is it an archive at all?")


def parse_format(text: str | None) -> ArchiveFormat | None:
    """The form that a user names; BentoML's `bento` and `bentomodel` mean our own. Raises UsageError."""
    if text is None:
        return None
    if f".{text}" in [kind.suffix for kind in KINDS]:
        return OWN_FORMAT
    try:
        return ArchiveFormat(text)
    except ValueError as error:
        raise UsageError(f"`{text}` is no form of an archive", hint=f"one of: {', '.join(ArchiveFormat)}") from error


def parse_expected_format(text: str | None) -> ArchiveFormat | None:
    """The same for reading, where `bento` and `bentomodel` may be any form: BentoML's are not compressed as ours."""
    return None if text in [kind.suffix.removeprefix(".") for kind in KINDS] else parse_format(text)
