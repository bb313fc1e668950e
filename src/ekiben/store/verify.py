"""Is an item what its digest names? The address alone (cheap), or every file of it: bytes, modes, nothing more or less.

What is beside the hashed content (the receipt, signatures) is looked at for what it may not be: a link, an executable,
a file that has no business there. What a signature says is `signatures`' to judge.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.store.receipt import RECEIPT
from ekiben.store.seal import FILE_MODE, FOLDER_MODE, PROGRAM_MODE
from ekiben.store.sums import SIGNATURES, SUMS, is_beside, is_beside_folder, is_offline, is_signature, parse_sums

_OWN_FILES = (SUMS, RECEIPT)
_ITSELF = "."  # the path of the item's own folder
_HAS_MODE = "has mode"
_SHOWN = 3  # files named in a message
_KINDS = ((stat.S_ISLNK, "is a link"), (stat.S_ISDIR, "is a folder"), (stat.S_ISREG, "is a file"))


@dataclass(frozen=True, slots=True, order=True)
class Damage:
    """What is wrong with the file or folder at `path`, relative to the item: a phrase that follows the path."""

    path: str
    what: str

    @property
    def is_of_mode(self) -> bool:
        """Whether nothing but the mode is wrong."""
        return self.what.startswith(_HAS_MODE)


def check_address(folder: Path, digest: Digest, what: str) -> None:
    """Checks SHA256SUMS itself, and not the receipt's word for it. Raises DamagedItem, naming `what`."""
    if not _has_address(folder, digest):
        raise DamagedItem(f"{what} is not what `{digest}` names", hint=f"look into `{folder}`: `sha256sum -c {SUMS}`")


def check_content(
    folder: Path,
    digest: Digest,
    what: str,
    advance: Callable[[int], None] = lambda _: None,
    *,
    executables: Collection[str] = (),
) -> None:
    """Checks the address and every file; `advance` is told the bytes of each that SHA256SUMS lists, once it is done.

    Raises DamagedItem, naming `what` and the first files that are missing, added, or other than they were.
    """
    check_address(folder, digest, what)
    damage = find_damage(folder, digest, executables=executables, advance=advance)
    if damage:
        shown = ", ".join(f"`{one.path}`" for one in damage[:_SHOWN])
        more = f" and {len(damage) - _SHOWN} more" if len(damage) > _SHOWN else ""
        raise DamagedItem(
            f"{what} has changed since it was saved: {shown}{more}",
            hint=f"delete it and save or build it again: `{folder}`",
        )


def find_damage(
    folder: Path,
    digest: Digest,
    *,
    executables: Collection[str] = (),
    advance: Callable[[int], None] = lambda _: None,
) -> list[Damage]:
    """All that is wrong with the item in `folder`, sorted by path; nothing where it is what it was.

    `executables` are the paths whose mode is 0755. Raises OSError where a file cannot be read.
    """
    if not _has_address(folder, digest):
        return [Damage(SUMS, f"is not what `{digest}` names")]
    try:
        sums = parse_sums((folder / SUMS).read_bytes())
    except DamagedItem as error:
        return [Damage(SUMS, str(error))]
    found: dict[str, str] = {}
    for path, expected in sums.items():
        what = _fault_of_file(folder / path, expected, path in executables)
        if path in _OWN_FILES or is_beside(path):
            what = f"is listed in {SUMS}, which never lists it"
        if what:
            found[path] = what
        else:
            advance((folder / path).stat().st_size)
    folders = {str(parent) for path in sums for parent in PurePosixPath(path).parents} | {_ITSELF}
    for path, status in _entries(folder):
        what = None if path in sums else _fault_of_entry(path, status, is_needed=path in folders)
        if what:
            found.setdefault(path, what)
    return sorted(Damage(path, what) for path, what in found.items())


def _has_address(folder: Path, digest: Digest) -> bool:
    sums = folder / SUMS
    return sums.is_file() and not sums.is_symlink() and Digest.of_file(sums) == digest


def _fault_of_file(file: Path, expected: Digest, is_executable: bool) -> str | None:
    try:
        status = file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    if not stat.S_ISREG(status.st_mode):
        return _kind(status)
    if Digest.of_file(file) != expected:
        return "has other bytes"
    return _fault_of_mode(status, PROGRAM_MODE if is_executable else FILE_MODE)


def _fault_of_entry(path: str, status: os.stat_result, *, is_needed: bool) -> str | None:
    """What is wrong with something that SHA256SUMS does not list; `is_needed`: the folder of something that it does."""
    if is_needed or is_beside_folder(path):
        return _fault_of_mode(status, FOLDER_MODE) if stat.S_ISDIR(status.st_mode) else _kind(status)
    if path in _OWN_FILES or is_signature(path) or is_offline(path):
        return _fault_of_mode(status, FILE_MODE) if stat.S_ISREG(status.st_mode) else _kind(status)
    return "is no signature" if path.startswith(f"{SIGNATURES}/") else "was added"


def _fault_of_mode(status: os.stat_result, expected: int) -> str | None:
    mode = stat.S_IMODE(status.st_mode)
    return None if mode == expected else f"{_HAS_MODE} {mode:04o} and should have {expected:04o}"


def _kind(status: os.stat_result) -> str:
    return next((what for is_kind, what in _KINDS if is_kind(status.st_mode)), "is a device or a pipe")


def _entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Path and status of everything in `folder`, itself first; no link is followed but one to the folder itself."""
    yield _ITSELF, folder.stat()
    for here, folders, files in os.walk(folder, onerror=_raise):
        for name in (*folders, *files):
            path = Path(here, name)
            yield path.relative_to(folder).as_posix(), path.lstat()


def _raise(error: OSError) -> None:
    raise error
