"""A Containerfile for caches that know a RUN by its text alone, as those of podman and buildah do: other wheels, or
another setup script, in a folder of the context that it mounts would be answered with the layer of the last ones.

So each such RUN has an ARG before it that tells what is in that folder. BuildKit looks at the content itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from ekiben.digest import Digest

_ARG = "EKIBEN_CONTENT"
_RUN = re.compile(r"\s*RUN\s", re.IGNORECASE)
_MOUNT = re.compile(r"--mount=(\S+)")


def with_content_keys(text: str, context: Path) -> str:
    """The Containerfile `text`, each RUN that mounts what is in `context` behind an ARG with a digest of it."""
    return "".join(line for lines in _instructions(text) for line in (*_key(lines, context), *lines))


def content_key(path: Path) -> str:
    """A digest of a file, or of a folder's files with their names and whether they can be run."""
    digest = hashlib.sha256()
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.is_file():
            is_executable = one.stat().st_mode & 0o100 != 0
            digest.update(f"{one.relative_to(path)}\0{is_executable}\0{Digest.of_file(one)}\n".encode())
    return digest.hexdigest()


def _instructions(text: str) -> Iterator[list[str]]:
    """The lines of each instruction, and every other line by itself."""
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        lines.append(line)
        if not line.rstrip().endswith("\\"):
            yield lines
            lines = []
    if lines:
        yield lines


def _key(lines: list[str], context: Path) -> list[str]:
    if not _RUN.match(lines[0]):
        return []
    sources = [source for mount in _MOUNT.findall("".join(lines)) if (source := _source(mount)) is not None]
    there = [context / source.lstrip("/") for source in sources if (context / source.lstrip("/")).exists()]
    return [f"ARG {_ARG}={'-'.join(map(content_key, there))}\n"] if there else []


def _source(mount: str) -> str | None:
    """The path in the context that is mounted; None for a mount of anything else."""
    fields = dict(field.partition("=")[::2] for field in mount.split(","))
    if fields.get("type", "bind") != "bind" or "from" in fields:
        return None
    return fields.get("source") or fields.get("src") or "."
