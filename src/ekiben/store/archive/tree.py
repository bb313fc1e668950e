"""`Tree`: unpacked files together with what is known of their bytes, while an item is made out of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ArchiveError, DamagedItem, UsageError
from ekiben.store.archive.extracting import UnpackedFile
from ekiben.store.disk import write_synced
from ekiben.store.documents import Document, read_document
from ekiben.store.sums import SUMS, format_sums


class Tree:
    """The files below `folder`. What is put and dropped here is put and dropped there."""

    def __init__(self, folder: Path, files: Mapping[str, UnpackedFile]) -> None:
        self.folder = folder
        self._files = dict(files)

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def __getitem__(self, path: str) -> UnpackedFile:
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def document(self, path: str) -> Document:
        """The YAML at `path`. Raises ArchiveError."""
        with damage_of(self.folder):
            return read_document(self.folder / path)

    def put(self, path: str, content: bytes) -> None:
        """A file with this content, in the place of the one that was there."""
        write_synced(self.folder / path, content)
        self._files[path] = UnpackedFile(Digest.of_bytes(content), len(content))

    def drop(self, *paths: str) -> None:
        """Removes files; those that are not there are passed over."""
        for path in paths:
            if self._files.pop(path, None):
                (self.folder / path).unlink()

    def take_folder(self, path: str, to: Path) -> Tree:
        """Moves the folder at `path`, which has files, out of this tree."""
        prefix = f"{path}/"
        moved = {name.removeprefix(prefix): self._files[name] for name in self if name.startswith(prefix)}
        self._files = {name: one for name, one in self._files.items() if not name.startswith(prefix)}
        to.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).rename(to)
        return Tree(to, moved)

    def sum_up(self) -> Digest:
        """Writes SHA256SUMS over all files and gives its digest, the address of an item of exactly these."""
        sums = format_sums({path: self._files[path].digest for path in self})
        self.put(SUMS, sums)
        return Digest.of_bytes(sums)


@contextmanager
def damage_of(folder: Path) -> Iterator[None]:
    """What the store says of a damaged item, said of the archive that it came in: without the staging folder's path."""
    try:
        yield
    except (DamagedItem, UsageError) as error:
        raise ArchiveError(str(error).replace(f"{folder}/", "")) from error
