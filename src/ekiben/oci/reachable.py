"""`reachable_blobs`: all that manifests and indexes lead to. Pure, but for `read`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.index import Index
from ekiben.oci.manifest import Manifest
from ekiben.oci.media_types import INDEXES, MANIFESTS


def reachable_blobs(documents: Iterable[Descriptor], read: Callable[[Descriptor], bytes]) -> frozenset[Digest]:
    """The digests of `documents`, of all that they name, and so on; `read` gives the bytes of one.

    Raises what `read` raises, and ImageError for a document of a kind that is not known: it may name anything.
    """
    found, blobs, pending = set[Digest](), set[Digest](), list(documents)
    while pending:
        document = pending.pop()
        if document.digest not in found:
            found.add(document.digest)
            below, its = _named_by(document, read)
            pending += below
            blobs |= {one.digest for one in its}
    return frozenset(found | blobs)


def _named_by(
    document: Descriptor, read: Callable[[Descriptor], bytes]
) -> tuple[list[Descriptor], tuple[Descriptor, ...]]:
    """The documents and the other blobs that a document names."""
    if document.media_type in INDEXES:
        index = Index.parse(read(document))
        return [*index.manifests, *_subject(index)], ()
    if document.media_type in MANIFESTS:
        manifest = Manifest.parse(read(document))
        return _subject(manifest), (manifest.config, *manifest.layers)
    raise ImageError(f"`{document.digest}` is of type `{document.media_type}`, which may name anything")


def _subject(document: Index | Manifest) -> list[Descriptor]:
    return [document.subject] if document.subject else []
