"""Wheels made on the spot, sound and otherwise, and what is read of a tree."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import io
import tarfile
import zipfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ekiben.oci.entries import Entry
from ekiben.oci.layer_tar import write_layer_tar
from ekiben.packager.wheel_file import pack_wheel

WHEEL = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
SITE = "app/venv/lib/python3.11/site-packages"
# What installers say of their own work: who did it, on whose wish, from where.
BOOKKEEPING = frozenset({"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json"})


def members_of(name: str, version: str, files: Mapping[str, bytes | str]) -> dict[str, bytes]:
    """The members of a wheel, RECORD apart."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    given = {path: content.encode() if isinstance(content, str) else content for path, content in files.items()}
    return {f"{info}/METADATA": metadata, f"{info}/WHEEL": WHEEL, **given}


def make_wheel(
    folder: Path,
    files: Mapping[str, bytes | str],
    *,
    name: str = "made",
    version: str = "1.0",
    tag: str = "py3-none-any",
    executables: Collection[str] = (),
) -> Path:
    """A sound wheel of these files."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    members = members_of(name, version, files)
    path.write_bytes(pack_wheel(members, f"{name}-{version}.dist-info/RECORD", executables))
    return path


def make_zip(path: Path, members: Iterable[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    """A zip of just these members, in this order."""
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in members:
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


def with_record(folder: Path, files: Mapping[str, bytes | str], record: str) -> Path:
    """A wheel of these files whose RECORD is `record`, whatever that says."""
    members = members_of("made", "1.0", files)
    return make_zip(
        folder / "made-1.0-py3-none-any.whl", [*members.items(), ("made-1.0.dist-info/RECORD", record.encode())]
    )


def repacked(folder: Path, distribution: str) -> Path:
    """The wheel that an installed distribution came from, but for its order and compression."""
    found = importlib.metadata.distribution(distribution)
    files: dict[str, bytes] = {}
    executables = set()
    info = next(str(one.parent) for one in found.files or () if one.name == "METADATA")
    for one in found.files or ():
        path = Path(str(found.locate_file(one)))
        if one.suffix == ".pyc" or one.parts[0] == ".." or one.name in BOOKKEEPING:
            continue
        files[one.as_posix()] = path.read_bytes()
        if path.stat().st_mode & 0o111:
            executables.add(one.as_posix())
    name, _, version = info.removesuffix(".dist-info").partition("-")
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    wheel.write_bytes(pack_wheel(files, f"{info}/RECORD", executables))
    return wheel


def read(entries: Iterable[Entry]) -> dict[str, tuple[int, bytes]]:
    """Mode and content of each file, as they come out of the layer's tar."""
    buffer = io.BytesIO()
    write_layer_tar(entries, buffer.write)
    buffer.seek(0)
    with tarfile.open(fileobj=buffer) as archive:
        files = [member for member in archive if member.isfile()]
        return {one.name: (one.mode, _content(archive, one)) for one in files}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream is not None
    return stream.read()


def rows_of(record: bytes) -> dict[str, tuple[str, str]]:
    """Hash and size by path of a RECORD."""
    return {path: (digest, size) for path, digest, size in csv.reader(io.StringIO(record.decode(), newline=""))}


def is_bookkeeping(path: str) -> bool:
    """Whether a file is one in which installers speak of themselves."""
    folder, _, name = path.rpartition("/")
    return folder.endswith(".dist-info") and name in BOOKKEEPING


def sha256(content: bytes) -> str:
    """The digest in hex."""
    return hashlib.sha256(content).hexdigest()
