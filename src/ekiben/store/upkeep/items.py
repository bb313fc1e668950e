"""One item looked at: its files, its SHA256SUMS, its receipt and its version; and what of that can be mended.

Mended is what something else proves: a file by its digest, of which another version has a copy; SHA256SUMS by the
digest in the receipt or the version; the receipt by SHA256SUMS. What was added is somebody's, and stays.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ekiben.digest import Digest, is_short_version
from ekiben.errors import EkibenError, StoreError
from ekiben.store.bento_manifest import read_bento_manifest
from ekiben.store.disk import make_folder, sync
from ekiben.store.layout import Layout
from ekiben.store.lock import exclusive
from ekiben.store.model_manifest import read_model_manifest
from ekiben.store.receipt import RECEIPT, Receipt, now, read_receipt
from ekiben.store.seal import FILE_MODE, FOLDER_MODE, PROGRAM_MODE
from ekiben.store.shelf import Shelf
from ekiben.store.staging import replace_file, staging
from ekiben.store.sums import SUMS, format_sums, is_beside, parse_sums
from ekiben.store.upkeep.copies import Copies
from ekiben.store.upkeep.findings import Finding
from ekiben.store.verify import Damage, find_damage
from ekiben.tag import Tag


def check_item(shelf: Shelf, tag: Tag, copies: Copies) -> list[Finding]:
    """What is wrong with the item; nothing where it vanishes meanwhile, or is replaced."""
    folder = shelf.folder(tag)
    before = _identity(folder)
    try:
        found = list(_findings(shelf, tag, copies))
    except OSError as error:
        found = [Finding(f"{shelf.noun} {tag}", f"`{error.filename}` cannot be read: {error.strerror}")]
    return found if found and before is not None and _identity(folder) == before else []


def _identity(folder: Path) -> tuple[int, int] | None:
    """By which a folder is told from a later one in its place: numbers of inodes are used again."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _findings(shelf: Shelf, tag: Tag, copies: Copies) -> Iterator[Finding]:
    where, folder = f"{shelf.noun} {tag}", shelf.folder(tag)
    receipt = _receipt(folder)
    written = Digest.of_file(folder / SUMS) if (folder / SUMS).is_file() else None
    digest = _true_digest(tag, receipt, written)
    if digest is None or written != digest:
        yield from _without_sums(shelf, tag, digest)
        return
    if receipt is None or receipt.digest != digest:
        state = "cannot be read" if receipt is None else "tells another digest"
        yield Finding(where, f"`{RECEIPT}` {state}", partial(_write_receipt, shelf, tag, digest))
    elif receipt.tag != tag:
        yield Finding(where, f"its receipt calls it `{receipt.tag}`: the folder was renamed")
    if is_short_version(str(tag.version)) and digest.short_version != tag.version and not _is_from_bentoml(folder):
        yield Finding(where, f"its content is `{digest.short_version}`")
    executables = _executables(folder)
    for damage in find_damage(folder, digest, executables=executables):
        repair = partial(_mend, shelf, tag, damage, executables, copies)
        yield Finding(where, f"`{damage.path}` {damage.what}", repair if _can_mend(folder, damage, copies) else None)


def _without_sums(shelf: Shelf, tag: Tag, digest: Digest | None) -> Iterator[Finding]:
    """SHA256SUMS is missing or not what it should be: its files can still be all that they were."""
    folder, where = shelf.folder(tag), f"{shelf.noun} {tag}"
    what = f"`{SUMS}` {'is not what it was' if (folder / SUMS).exists() else 'is missing'}"
    content = _sums_of(folder)
    found = Digest.of_bytes(content)
    is_proved = found == digest or (digest is None and found.short_version == tag.version)
    yield Finding(where, what, partial(_put, shelf, tag, SUMS, content) if is_proved else None)


def _true_digest(tag: Tag, receipt: Receipt | None, written: Digest | None) -> Digest | None:
    """What the item has to be: as its version says where it was made from content, else as its receipt does."""
    said = [one for one in (receipt.digest if receipt else None, written) if one]
    proved = [one for one in said if one.short_version == tag.version]
    return next(iter([*proved, *said]), None)


def _receipt(folder: Path) -> Receipt | None:
    if not (folder / RECEIPT).is_file():
        return None
    try:
        return read_receipt(folder)
    except StoreError:
        return None


def _is_from_bentoml(folder: Path) -> bool:
    try:
        return read_bento_manifest(folder).is_from_bentoml
    except EkibenError:
        pass
    try:
        return read_model_manifest(folder).is_from_bentoml
    except EkibenError:
        return False


def _executables(folder: Path) -> tuple[str, ...]:
    try:
        return read_bento_manifest(folder).executables
    except EkibenError:
        return ()


def _sums_of(folder: Path) -> bytes:
    """SHA256SUMS as the files that are there give it."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    relative = {path.relative_to(folder).as_posix(): path for path in paths}
    own = (SUMS, RECEIPT)
    return format_sums(
        {name: Digest.of_file(path) for name, path in relative.items() if name not in own and not is_beside(name)}
    )


def _write_receipt(shelf: Shelf, tag: Tag, digest: Digest) -> None:
    folder = shelf.folder(tag)
    size_bytes = sum((folder / path).stat().st_size for path in parse_sums((folder / SUMS).read_bytes()))
    _put(shelf, tag, RECEIPT, Receipt(tag, digest, now(), size_bytes).to_yaml({}))


def _put(shelf: Shelf, tag: Tag, name: str, content: bytes) -> None:
    make_folder(shelf.layout.tmp)
    with exclusive(shelf.layout.lock):
        replace_file(shelf.layout, shelf.folder(tag) / name, content)


def _can_mend(folder: Path, damage: Damage, copies: Copies) -> bool:
    path = folder / damage.path
    if path.is_symlink():
        return False
    if damage.is_of_mode:
        return True
    expected = parse_sums((folder / SUMS).read_bytes()).get(damage.path)
    return expected is not None and not path.is_dir() and copies.find(expected) is not None


def _mend(shelf: Shelf, tag: Tag, damage: Damage, executables: tuple[str, ...], copies: Copies) -> None:
    folder = shelf.folder(tag)
    path = folder / damage.path
    mode = PROGRAM_MODE if damage.path in executables else FILE_MODE
    if damage.is_of_mode:
        path.chmod(FOLDER_MODE if path.is_dir() else mode)
        return
    digest = parse_sums((folder / SUMS).read_bytes())[damage.path]
    copy = copies.find(digest)
    if copy is None:
        raise StoreError(f"there is no copy of `{damage.path}` any more")
    _replace(shelf.layout, copy, path, digest, mode)


def _replace(layout: Layout, copy: Path, path: Path, digest: Digest, mode: int) -> None:
    with staging(layout) as scratch:
        draft = scratch / "mended"
        shutil.copyfile(copy, draft)
        if Digest.of_file(draft) != digest:
            raise StoreError(f"`{copy}` changed while it was copied")
        draft.chmod(mode)
        sync(draft)
        with exclusive(layout.lock):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(path)
            sync(path.parent)
