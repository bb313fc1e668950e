"""Programs and libraries without what only debuggers read: half of an interpreter that was built on its machine.

By `strip` of binutils where this machine has it; else, and where it refuses a file, that goes as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from ekiben.oci.entries import Entry, FilePart
from ekiben.packager.asking import output_of

_TIMEOUT_S = 60.0
_WORTH_BYTES = 64 * 1024  # smaller ones have little to lose
_MAGIC = b"\x7fELF"


def stripper_version(environ: Mapping[str, str]) -> str | None:
    """What `strip` says of itself; None where there is none."""
    said = output_of(["strip", "--version"], environ, timeout_s=_TIMEOUT_S)
    return said.partition("\n")[0] if said else None


def stripped(entries: Iterable[Entry], folder: Path, environ: Mapping[str, str]) -> Iterator[Entry]:
    """`entries`, those of programs and libraries stripped, in files below `folder`. Raises OSError."""
    given = list(entries)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(partial(_stripped, folder=folder, environ=environ), given, range(len(given)))


def _stripped(entry: Entry, number: int, *, folder: Path, environ: Mapping[str, str]) -> Entry:
    content = entry.content
    if not isinstance(content, FilePart) or content.size_bytes < _WORTH_BYTES or not _is_elf(content.path):
        return entry
    target = folder / f"stripped-{number}"
    command = ["strip", "--strip-unneeded", "-o", str(target), str(content.path)]
    if output_of(command, environ, timeout_s=_TIMEOUT_S) is None:
        return entry
    return replace(entry, content=FilePart(target))


def _is_elf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC
