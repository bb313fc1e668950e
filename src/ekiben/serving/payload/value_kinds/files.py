"""Files: the content of what a Path names, and its name. The reader stores it in a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from ekiben.serving.payload.files import store_file
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import Buffers


def write(value: object, buffers: Buffers) -> Sequence[object] | None:
    """No shape, the file's name, index of the buffer. Raises ValueError where it cannot be read."""
    if not isinstance(value, Path):
        return None
    try:
        return ([], value.name, buffers.add(value.read_bytes()))
    except OSError as error:
        raise ValueError(f"the file `{value}` cannot be read: {error.strerror}") from error


def read(data: Sequence[object], buffers: Buffers, folder: RequestFolder | None) -> object:
    """The path of the stored file. Raises ValueError where files have no place."""
    if folder is None:
        raise ValueError("a file has no place here")
    return store_file(buffers[cast(int, data[2])], cast(str, data[1]), "file", folder)
