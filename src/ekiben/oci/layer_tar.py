"""The one tar that a set of entries always gives: sorted, complete, without owner, name or time of the machine.

It does not matter in which order entries come, when and where their files were written, under which umask or locale,
or which Python runs. The bytes are frozen: tests hold them to digests, since a change here would change every image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter

from ekiben.errors import ImageError
from ekiben.oci.contents import Contents
from ekiben.oci.entries import Entry
from ekiben.oci.tar_header import BLOCK_BYTES, header, padding

Sink = Callable[[bytes], object]  # takes all that it is given: a file's `write`, a hash's `update`

LAYER_TIME_S = 315_532_800  # 1980-01-01T00:00:00Z: the first time that a zip archive can say, should anybody make one
_END = bytes(2 * BLOCK_BYTES)


def write_layer_tar(entries: Iterable[Entry], out: Sink, *, mtime_s: int = LAYER_TIME_S) -> None:
    """The tar of `entries`, in pieces of at most a megabyte, as `layer_tar` gives it."""
    for piece in layer_tar(entries, mtime_s=mtime_s):
        out(piece)


def layer_tar(entries: Iterable[Entry], *, mtime_s: int = LAYER_TIME_S) -> Iterator[bytes]:
    """The tar of `entries`, read as it is asked for; close the iterator to leave early.

    Raises ImageError where two entries claim one path, where one lies below a file or link, and where a content is not
    what its entry says; OSError where it cannot be read.
    """
    with Contents() as contents:
        for entry in complete(entries):
            size_bytes = entry.size_bytes
            yield header(entry, size_bytes, mtime_s)
            if entry.content is not None:
                yield from contents.pieces(entry.path, entry.content, size_bytes)
            if size_bytes % BLOCK_BYTES:
                yield padding(size_bytes)
    yield _END


def complete(entries: Iterable[Entry]) -> list[Entry]:
    """`entries` and the folders that they lie in, in the order of a layer: by the bytes of their paths, so that every
    folder comes before what it holds. Raises ImageError as `layer_tar` does."""
    by_path: dict[str, Entry] = {}
    for entry in entries:
        if entry.path in by_path:
            raise ImageError(f"two entries of a layer have the path `{entry.path}`")
        by_path[entry.path] = entry
    for entry in list(by_path.values()):
        _add_folders(entry, by_path)
    return sorted(by_path.values(), key=attrgetter("path"))  # UTF-8 sorts as its code points do


def _add_folders(entry: Entry, by_path: dict[str, Entry]) -> None:
    path = entry.path
    while "/" in path:
        path = path.rpartition("/")[0]
        if path not in by_path:
            by_path[path] = Entry.folder(path)
        elif by_path[path].kind == "folder":
            return  # whose own folders are there, or will be when its turn comes
        else:
            raise ImageError(f"`{entry.path}` lies below `{path}`, which is a {by_path[path].kind}")
