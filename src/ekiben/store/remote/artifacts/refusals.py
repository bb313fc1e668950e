"""How documents from strangers are refused: in one kind of error, and over one set of limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ekiben.digest import Digest
from ekiben.errors import ArchiveError, DamagedItem, ImageError, InvalidDigest, InvalidTag, RemoteError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.manifest import Manifest
from ekiben.store.archive.limits import Limits
from ekiben.store.archive.names import shown, why_no_archive
from ekiben.store.remote.artifacts.artifact import Artifact, ItemFacts
from ekiben.store.remote.item_blobs import ItemBlob

MAX_LAYERS = 10_000  # of a manifest: a model's small files share layers, so this is terabytes
_SHOWN = 300  # characters of a message


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Any error about a document becomes a RemoteError about `what`."""
    try:
        yield
    except (ImageError, ArchiveError, DamagedItem, InvalidTag, InvalidDigest) as error:
        hint = _brief(error.hint) if error.hint else None
        raise RemoteError(f"{what} is refused: {_brief(str(error))}", hint=hint) from error


def checked(artifact: Artifact, what: str) -> Artifact:
    """An artifact that was just written, where it would be read again. Raises RemoteError."""
    size_bytes = max(len(artifact.content), len(artifact.config_content))
    if size_bytes > MAX_BYTES or len(artifact.blobs) > MAX_LAYERS:
        raise RemoteError(
            f"{what} is too large for a registry: {len(artifact.blobs):,} layers, a document of {size_bytes:,} bytes",
            hint=f"{MAX_LAYERS:,} layers and documents of {MAX_BYTES:,} bytes are taken",
        )
    return artifact


def check_config(manifest: Manifest, content: bytes, what: str) -> None:
    """Raises RemoteError unless `content` is the configuration that the manifest names."""
    if len(content) != manifest.config.size_bytes or Digest.of_bytes(content) != manifest.config.digest:
        raise RemoteError(f"{what} is refused: its configuration is not what its manifest names")


def check_amount(blobs: Iterable[Descriptor], limits: Limits, what: str) -> None:
    """Raises RemoteError where the blobs are too many, or hold more than is taken."""
    sizes = [one.size_bytes for one in blobs]
    if len(sizes) > MAX_LAYERS:
        raise RemoteError(f"{what} is refused: it has more than {MAX_LAYERS:,} layers")
    if sum(sizes) > limits.max_bytes:
        raise RemoteError(
            f"{what} is refused: it says that it has more than {limits.max_bytes:,} bytes",
            hint="allow more with `--max-bytes` if you trust where it comes from",
        )


def check_size(facts: ItemFacts, blobs: Iterable[Descriptor]) -> None:
    """Raises ImageError where the files of an item are to hold more than the uncompressed layers that they are in."""
    if facts.size_bytes > sum(one.size_bytes for one in blobs):
        raise ImageError(f"`{facts.tag}` is to have more bytes than its layers")


def check_names(blobs: Iterable[ItemBlob], what: str) -> None:
    """Raises RemoteError where an item, which is to be written, has files that nobody could pull."""
    reason = why_no_archive(file.path for one in blobs for file in one.pack.files)
    if reason:
        raise RemoteError(f"{what} cannot go to a remote: {reason}", hint="rename the file, and save or build again")


def _brief(message: str) -> str:
    """What strangers wrote stands in messages: it moves no cursor, and has an end."""
    told = "".join(map(shown, message[:_SHOWN]))
    return told if len(message) <= _SHOWN else f"{told}…"
