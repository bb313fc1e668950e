"""The entries of the layers that are not wheels': the environment's links, models, the Bento's source.

A file of a model or Bento is held to its checksum while the layer is read, so that no byte goes into an image that is
not the item's.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ekiben.digest import Digest
from ekiben.oci.entries import FILE_MODE, PROGRAM_MODE, Entry, FilePart
from ekiben.packager.image.context import BENTO_PARTS
from ekiben.packager.image.running import BENTO, MODELS, VENV, WORKING_DIR
from ekiben.store.sums import SUMS, parse_sums
from ekiben.tag import Tag


def environment_entries(interpreter: str, python: str) -> tuple[Entry, ...]:
    """An empty virtual environment on the base's `interpreter`, an absolute path, as `venv` makes it (PEP 405)."""
    venv = inside(VENV)
    settings = f"home = {posixpath.dirname(interpreter)}\ninclude-system-site-packages = false\nversion = {python}\n"
    return (
        Entry.file(f"{venv}/pyvenv.cfg", settings.encode()),
        Entry.link(f"{venv}/bin/python", interpreter),
        Entry.link(f"{venv}/bin/python3", "python"),
        Entry.link(f"{venv}/bin/python{python}", "python"),
        Entry.link(f"{venv}/lib64", "lib"),
        Entry.folder(f"{venv}/lib/python{python}/site-packages"),
        *(Entry.folder(f"{venv}/{name}") for name in ("etc", "include", "share")),
    )


def model_entries(models: Mapping[Tag, tuple[Path, Digest]]) -> Iterator[Entry]:
    """The models in their folders, by their tags. Raises DamagedItem where a list of files is none, and OSError."""
    for tag, (folder, digest) in models.items():
        place = f"{inside(MODELS)}/{tag.name}/{tag.version}"
        yield Entry.file(f"{place}/{SUMS}", checked_part(folder / SUMS, digest))
        for path, its in parse_sums((folder / SUMS).read_bytes()).items():
            yield Entry.file(f"{place}/{path}", checked_part(folder / path, its))


def source_entries(bento: Path, executables: Iterable[str]) -> Iterator[Entry]:
    """What an image carries of the Bento in the folder `bento`; else as `model_entries`."""
    programs = set(executables)
    yield Entry.folder(inside(WORKING_DIR))
    for path, digest in parse_sums((bento / SUMS).read_bytes()).items():
        if path.partition("/")[0] in BENTO_PARTS:
            mode = PROGRAM_MODE if path in programs else FILE_MODE
            yield Entry.file(f"{inside(BENTO)}/{path}", checked_part(bento / path, digest), mode)


def checked_part(path: Path, digest: Digest) -> FilePart:
    """A whole file that has to have this digest when it is read. Raises OSError."""
    return FilePart(path, 0, path.stat().st_size, digest)


def inside(path: str) -> str:
    """An absolute path of the image as entries have it."""
    return path.lstrip("/")
