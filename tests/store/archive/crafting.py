"""Archives made by hand: by the standard library's writers, entry by entry, so that they can be wrong in one thing."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from ekiben.digest import Digest
from ekiben.store.sums import SUMS, format_sums

MODEL_YAML = b"name: iris\n"


def tar_file(name: str, content: bytes = b"x", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member with other fields than a plain file's where named: `type`, `linkname`, `mode`, `size`, `pax_headers`."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def tar_of(*members: tuple[tarfile.TarInfo, bytes], form: Literal[0, 1, 2] = tarfile.PAX_FORMAT) -> bytes:
    """A plain tar of these members, each header as its member says, whatever its content."""
    parts = []
    for info, content in members:
        parts += [info.tobuf(form), content, bytes(-len(content) % 512)]
    return b"".join([*parts, bytes(1024)])


def zip_of(*members: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    """A zip of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in members:
            archive.writestr(info, content)
    return buffer.getvalue()


def zip_entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    """An entry made on Unix with this mode."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr, info.compress_type = 3, mode << 16, zipfile.ZIP_DEFLATED
    return info


def item_files(files: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The files of a model, its sums among them."""
    content = {"model.yaml": MODEL_YAML, **({"weights.bin": b"weights"} if files is None else files)}
    return {**content, SUMS: format_sums({path: Digest.of_bytes(data) for path, data in content.items()})}


def model_tar(*more: tuple[tarfile.TarInfo, bytes], files: Mapping[str, bytes] | None = None) -> bytes:
    """A right model, and behind it what a test wants to smuggle."""
    return tar_of(*(tar_file(path, data) for path, data in item_files(files).items()), *more)


def write(folder: Path, data: bytes, name: str = "archive.tar") -> str:
    """A file with these bytes; gives its path."""
    (folder / name).write_bytes(data)
    return str(folder / name)
