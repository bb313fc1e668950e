"""`ImageFiles`: what a container of an image would see, told by reading its layers once, bottom up.

Whiteouts take away what lower layers have (OCI image-spec layer.md). Nothing is unpacked: of a few files, those that
`wanted` picks, the content is kept.
"""

from __future__ import annotations

import posixpath
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, BinaryIO, cast

import zstandard
from isal import igzip

from ekiben.errors import ImageError
from ekiben.oci.blobs import Layer
from ekiben.oci.image import Image
from ekiben.oci.media_types import LAYERS, LayerForm
from ekiben.oci.strange_tar import strange_tar

_opened_gzip = cast("Callable[..., IO[bytes]]", igzip.IGzipFile)  # which its stub leaves untyped
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_MOST_LINKS = 40  # as the kernel: links that lead to links
_MOST_FILES = 5_000_000  # the largest images in use have half a million
# What unpackers raise for bytes that are none of theirs.
_DAMAGED = (tarfile.TarError, zstandard.ZstdError, igzip.BadGzipFile, zlib.error, EOFError)


@dataclass(frozen=True, slots=True)
class FileNode:
    """A file, folder or link; `target` is a link's, `content` what was kept of a file."""

    kind: str
    mode: int
    target: str = ""
    content: bytes | None = None


@dataclass(slots=True)
class ImageFiles:
    """The files by path: relative, without `.` or `..`."""

    nodes: dict[str, FileNode] = field(default_factory=dict)

    def resolve(self, path: str) -> str | None:
        """Where `path` leads to through all links; None where that is nowhere."""
        pending, done = _parts(path)[::-1], ""
        for _ in range(_MOST_LINKS + len(pending)):
            if not pending:
                return done
            part = pending.pop()
            if part == "..":
                done = posixpath.dirname(done)
                continue
            step = posixpath.join(done, part)
            node = self.nodes.get(step)
            if node is None:
                return None
            if node.kind != "link":
                done = step
                continue
            done = "" if node.target.startswith("/") else done
            pending += _parts(node.target)[::-1]
        return None

    def node(self, path: str) -> FileNode | None:
        """What `path` leads to."""
        found = self.resolve(path)
        return None if found is None else self.nodes.get(found)

    def below(self, folder: str) -> Iterator[str]:
        """The paths of what lies anywhere in `folder`."""
        prefix = f"{folder}/" if folder else ""
        return (path for path in self.nodes if path.startswith(prefix))

    def _remove(self, path: str) -> None:
        node = self.nodes.pop(path, None)
        if node is None or node.kind == "folder":  # a layer need not name the folders that it has files in
            self._empty(path)

    def _empty(self, folder: str) -> None:
        for below in list(self.below(folder)):
            del self.nodes[below]

    def add_layer(self, members: Iterable[tuple[str, FileNode]]) -> None:
        """Lays one layer over what there is."""
        added: dict[str, FileNode] = {}
        for path, node in members:
            folder, name = posixpath.split(path)
            if name == _OPAQUE:
                self._empty(folder)
            elif name.startswith(_WHITEOUT):
                self._remove(posixpath.join(folder, name.removeprefix(_WHITEOUT)))
            else:
                added[path] = node
        for path, node in added.items():
            there = self.nodes.get(path)
            if there and there.kind == "folder" and node.kind != "folder":
                self._remove(path)
            self.nodes[path] = node


def read_files(
    image: Image, wanted: Callable[[str, int], bool], advance: Callable[[int], object] = lambda _: None
) -> ImageFiles:
    """The files of `image`. `wanted` is asked for each file's path and size whether its content is kept; `advance` is
    told the bytes of each layer's blob that is done. Raises ImageError for a layer that cannot be read."""
    files = ImageFiles()
    for layer in image.layers:
        files.add_layer(_members(image, layer, wanted))
        advance(layer.size_bytes)
    return files


def written_paths(image: Image, layer: Layer) -> Iterator[str]:
    """The paths of what a layer of `image` writes or, as whiteouts, takes away; folders left out. Raises ImageError."""
    return (path for path, node in _members(image, layer, lambda *_: False) if node.kind != "folder")


def _members(image: Image, layer: Layer, wanted: Callable[[str, int], bool]) -> Iterator[tuple[str, FileNode]]:
    try:
        with (
            image.source.open(layer.digest) as blob,
            _unpacked(blob, LAYERS[layer.media_type]) as stream,
            strange_tar(stream) as archive,
        ):
            for count, member in enumerate(archive):
                if count >= _MOST_FILES:
                    raise ImageError(f"the layer `{layer.digest}` has more than {_MOST_FILES} files")
                yield _path(member.name), _node(archive, member, wanted)
    except _DAMAGED as error:
        raise ImageError(f"the layer `{layer.digest}` of the base image cannot be read: {error}") from error


def _node(archive: tarfile.TarFile, member: tarfile.TarInfo, wanted: Callable[[str, int], bool]) -> FileNode:
    """A hard link counts as the link that it might be: it leads to a file of the same layer."""
    if member.isdir():
        return FileNode("folder", member.mode)
    if member.issym():
        return FileNode("link", member.mode, member.linkname)
    if member.islnk():
        return FileNode("link", member.mode, f"/{_path(member.linkname)}")
    if not member.isreg():
        return FileNode("device", member.mode)
    stream = archive.extractfile(member) if wanted(_path(member.name), member.size) else None
    return FileNode("file", member.mode, content=stream.read() if stream else None)


@contextmanager
def _unpacked(blob: BinaryIO, form: LayerForm) -> Iterator[IO[bytes]]:
    match form:
        case "tar":
            yield blob
        case "tar+gzip":
            with _opened_gzip(fileobj=blob, mode="rb") as packed:
                yield packed
        case "tar+zstd":
            with zstandard.ZstdDecompressor().stream_reader(blob, read_across_frames=True) as reader:
                yield reader


def _path(name: str) -> str:
    return posixpath.normpath(posixpath.join("/", name)).lstrip("/")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
