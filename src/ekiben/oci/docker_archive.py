"""A tar that `docker load` reads, given as a stream; the same image gives the same bytes.

    manifest.json           what Docker's classic store reads
    oci-layout, index.json  what engines read that keep their images in containerd
    blobs/sha256/<hex>      what both lead to, packed as it is stored

Docker's classic store can do without the lower layers that it has: it looks a layer up by the chain of all below it,
before it looks for the file. containerd wants every file, but for those that a layout lacks: it takes that for an image
to be completed later. So an archive without some layers is no layout, and containerd refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.entries import Entry
from ekiben.oci.image import Image
from ekiben.oci.index import Index
from ekiben.oci.json_object import canonical
from ekiben.oci.layer_tar import LAYER_TIME_S, Sink
from ekiben.oci.layout import LAYOUT_MARK, REF_NAME
from ekiben.oci.locking import locked_file
from ekiben.oci.reference import Reference
from ekiben.oci.tar_header import BLOCK_BYTES, header, padding

CONTAINERD_NAME = "io.containerd.image.name"

_CHUNK = 1024 * 1024  # bytes read at once
_END = bytes(2 * BLOCK_BYTES)


def _nothing(_: int) -> None:
    """Tells nobody."""


def docker_archive(
    image: Image,
    references: Sequence[Reference] = (),
    *,
    known_layers: int = 0,
    is_layout: bool = True,
    advance: Callable[[int], object] = _nothing,
) -> Iterator[bytes]:
    """The archive of `image` under `references`, in pieces of at most a megabyte. The lowest `known_layers` are left
    out, for a classic store that has them (`count_known_layers`); `advance` is told the bytes of blobs as they go.
    Without `is_layout` it is for podman, which forgets the health check of what lies there as OCI has it.

    Raises ImageError for a reference with a digest, and for a blob that is shorter or longer than was said.
    """
    named = [_tagged(reference) for reference in references]
    digests = [layer.digest for layer in image.manifest.layers]
    left_out = {*digests[:known_layers]} - {*digests[known_layers:]}  # a layer may stand above itself
    contents = {"manifest.json": _docker_manifest(image, named)}
    if is_layout and not left_out:
        layout = {"oci-layout": LAYOUT_MARK, "index.json": _index(image, named).to_bytes()}
        contents |= {**layout, _path(image.digest): image.content}
    for path, content in contents.items():
        yield from (_header(path, len(content)), content, padding(len(content)))
    for blob in image.blobs:
        if blob.digest not in left_out:
            yield _header(_path(blob.digest), blob.size_bytes)
            yield from _pieces(image, blob, advance)
            yield padding(blob.size_bytes)
    yield _END


def write_docker_archive(
    image: Image,
    references: Sequence[Reference],
    out: Sink,
    *,
    known_layers: int = 0,
    advance: Callable[[int], object] = _nothing,
) -> None:
    """Gives `docker_archive` to `out`, piece by piece."""
    for piece in docker_archive(image, references, known_layers=known_layers, advance=advance):
        out(piece)


def save_docker_archive(
    image: Image, references: Sequence[Reference], path: Path, *, advance: Callable[[int], object] = _nothing
) -> None:
    """The archive as a file, which is there whole or not at all. Raises OSError, and ImageError as `docker_archive`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")  # one name: what a kill leaves is what the next begins with
    with locked_file(draft) as stream, ExitStack() as undoing:
        undoing.callback(draft.unlink, missing_ok=True)
        stream.truncate(0)
        write_docker_archive(image, references, stream.write, advance=advance)
        stream.flush()
        draft.replace(path)
        undoing.pop_all()  # what has the draft's name now is another's


def count_known_layers(
    diff_ids: Sequence[Digest], engine_images: Iterable[Sequence[Digest]], *, enough: int | None = None
) -> int:
    """How many of an image's lowest layers a classic store has, whose images have the diff_ids `engine_images`; no
    further one is asked for once `enough` are known."""
    most = 0
    for known in engine_images:
        most = max(most, _common(diff_ids, known))
        if enough is not None and most >= enough:
            break
    return most


def _common(one: Sequence[Digest], other: Sequence[Digest]) -> int:
    """The length of the longest beginning that both share."""
    pairs = zip(one, other, strict=False)
    return next((count for count, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _tagged(reference: Reference) -> Reference:
    if reference.digest:
        raise ImageError(f"`{reference}` names a digest, which no engine takes for a name", hint="leave it out")
    return reference.tagged()


def _docker_manifest(image: Image, references: Sequence[Reference]) -> bytes:
    """Docker's own table of contents (moby: image/spec)."""
    entry = {
        "Config": _path(image.manifest.config.digest),
        "RepoTags": [reference.familiar for reference in references],
        "Layers": [_path(layer.digest) for layer in image.manifest.layers],
    }
    return canonical([entry])


def _index(image: Image, references: Sequence[Reference]) -> Index:
    names = [{CONTAINERD_NAME: str(reference), REF_NAME: reference.tag or ""} for reference in references]
    return Index(tuple(replace(image.descriptor, annotations=annotations) for annotations in names or [{}]))


def _path(digest: Digest) -> str:
    return f"blobs/sha256/{digest.hex}"


def _header(path: str, size_bytes: int) -> bytes:
    return header(Entry.file(path, b""), size_bytes, LAYER_TIME_S)


def _pieces(image: Image, blob: Descriptor, advance: Callable[[int], object]) -> Iterator[bytes]:
    given = 0
    with image.source.open(blob.digest) as stream:
        while piece := stream.read(min(_CHUNK, blob.size_bytes - given + 1)):  # one more, which should not be there
            given += len(piece)
            yield piece
            advance(len(piece))
    if given != blob.size_bytes:
        raise ImageError(f"the blob `{blob.digest}` has not the {blob.size_bytes} bytes that it should have")
