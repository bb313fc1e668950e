"""How long a layer takes: `python layers.py FOLDER`, a table in Markdown on stdout.

FOLDER holds wheels, whose members are the files of the layer (`pip download` fills one), or any other files, which are
taken as they are. Each measurement is a process of its own, in turn with the others; the shortest of `--rounds` is
shown, and the most memory that any took. What ekiben does is set beside the same steps done with the standard library:
`tarfile` into `gzip`, a digest of both sides.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import resource
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from ways import measured_in_turn

from ekiben.oci.blobs import BlobStore
from ekiben.oci.compression import Compression
from ekiben.oci.entries import Entry, FilePart, ZipPart
from ekiben.oci.layer_tar import complete
from ekiben.oci.streamed import StreamedLayer

PREFIX = "app/venv/lib/python3.11/site-packages"
CHUNK = 1024 * 1024


class Sink(Protocol):
    """What a tar is written to."""

    def write(self, data: bytes, /) -> object:
        """Takes all of `data`."""


class Hashing:
    """A file and the digest of what was written to it."""

    def __init__(self, target: Sink) -> None:
        self.target, self.hash, self.size = target, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Both."""
        self.hash.update(data)
        self.target.write(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back here."""


def entries_of(folder: Path) -> list[Entry]:
    """The members of wheels, and other files as they are."""
    return list(_entries(folder))


def _entries(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                for member in wheel.infolist():
                    if not member.is_dir():
                        part = ZipPart(path, member.filename, member.file_size)
                        yield Entry.file(f"{PREFIX}/{member.filename}", part)
        elif path.is_file():
            yield Entry.file(path.relative_to(folder).as_posix(), FilePart(path))


def make(compression: Compression) -> Callable[[list[Entry], Path], int]:
    """ekiben's layer, stored."""
    return lambda entries, work: BlobStore(work).make_layer(entries, compression).size_bytes


def measure(entries: list[Entry], _: Path) -> int:
    """ekiben's layer, not stored."""
    return StreamedLayer.measured(entries, lambda _: None).layer.size_bytes


def by_library(level: int) -> Callable[[list[Entry], Path], int]:
    """The same with the standard library; level 0 does not compress."""

    def write(entries: list[Entry], work: Path) -> int:
        with (work / "layer").open("wb") as file:
            blob = Hashing(file)
            if level:
                with gzip.GzipFile("", "wb", level, cast(BinaryIO, blob), mtime=0) as packed:
                    _write_tar(entries, Hashing(packed))
            else:
                _write_tar(entries, blob)
        return blob.size

    return write


def _write_tar(entries: list[Entry], target: Hashing) -> None:
    wheels: dict[Path, zipfile.ZipFile] = {}
    stream = cast(BinaryIO, target)
    with tarfile.open(fileobj=stream, mode="w|", bufsize=CHUNK, format=tarfile.PAX_FORMAT) as tar:
        for entry in complete(entries):
            member = tarfile.TarInfo(entry.path)
            member.mode, member.size = entry.mode, entry.size_bytes
            match entry.content:
                case ZipPart(archive, name):
                    if archive not in wheels:
                        wheels[archive] = zipfile.ZipFile(archive)
                    tar.addfile(member, io.BytesIO(wheels[archive].read(name)))
                case FilePart(path):
                    with path.open("rb") as stream:
                        tar.addfile(member, stream)
                case _:
                    member.type = tarfile.DIRTYPE
                    tar.addfile(member)


WAYS: dict[str, Callable[[list[Entry], Path], int]] = {
    "ekiben, gzip": make("gzip"),
    "tarfile, gzip at level 1": by_library(1),
    "tarfile, gzip at level 6": by_library(6),
    "ekiben, zstd": make("zstd"),
    "ekiben, uncompressed": make("none"),
    "ekiben, uncompressed, not stored": measure,
    "tarfile, uncompressed": by_library(0),
}


def run_one(way: str, folder: Path) -> None:
    """One measurement, as JSON on stdout."""
    entries = entries_of(folder)
    with tempfile.TemporaryDirectory() as work:
        begun = time.perf_counter()
        size_bytes = WAYS[way](entries, Path(work))
        taken_s = time.perf_counter() - begun
    memory_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tar_bytes = sum(entry.size_bytes for entry in entries)
    print(json.dumps({"s": taken_s, "bytes": size_bytes, "content": tar_bytes, "memory": memory_bytes}))


def main() -> None:
    """The table."""
    found = measured_in_turn(__file__, __doc__, WAYS, run_one)
    print("| | seconds | MB/s | MB out | peak memory, MB |\n|---|---|---|---|---|")
    for way, results in found.items():
        best = min(result["s"] for result in results)
        memory = max(result["memory"] for result in results) / 1e6
        speed, size = results[0]["content"] / best / 1e6, results[0]["bytes"] / 1e6
        print(f"| {way} | {best:.2f} | {speed:.0f} | {size:.1f} | {memory:.0f} |")


if __name__ == "__main__":
    main()
