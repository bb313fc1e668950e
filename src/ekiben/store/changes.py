"""Changes of a shelf: an item put in its place or taken away, under the store's lock, by one rename.

`check` is the place for what must stay true at that instant (a Bento's models exist; no Bento needs a model): it is
called while the lock is held, and refuses by raising.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from ekiben.digest import Digest, is_short_version
from ekiben.errors import StoreError, UsageError, VersionTaken
from ekiben.report import logger
from ekiben.store.disk import make_folder, remove_tree, sync, sync_all, write_synced
from ekiben.store.latest import LATEST_FILE, Saved, format_latest, put_on_top
from ekiben.store.layout import Layout
from ekiben.store.lock import exclusive
from ekiben.store.receipt import RECEIPT, Receipt, format_time, now
from ekiben.store.seal import FOLDER_MODE, KnownFile, seal, sync_folders
from ekiben.store.sharing import note_files, share_files
from ekiben.store.shelf import Shelf
from ekiben.store.staging import replace_file, throw_away
from ekiben.store.sums import OFFLINE, SIGNATURE_SUFFIX, SIGNATURES
from ekiben.tag import Tag


def named_version(name: str, version: str) -> Tag:
    """The exact tag. Raises UsageError for `latest`, which is no version but a question, and for what would be taken
    for a version made from content."""
    tag = Tag(name, version)
    if tag.version is None:
        raise UsageError(f"`{version}` is no version", hint="name another, or none to get one made from the content")
    if is_short_version(version):
        raise UsageError(
            f"the version `{version}` looks like one made from content", hint=f"name another, such as `{version}-1`"
        )
    return tag


def commit(
    shelf: Shelf,
    folder: Path,
    tag: Tag,
    details: Mapping[str, object],
    *,
    executables: Collection[str] = (),
    known: Mapping[str, KnownFile] | None = None,
    check: Callable[[], None] = lambda: None,
) -> tuple[Tag, Receipt]:
    """Seals the staged `folder`, of which files may be `known`, moves it to its place and makes it the latest; gives
    what is there then.

    A tag without a version gets one made from the content. Content that is there already stays as it is, and its
    receipt tells of this making, `created` apart. Raises VersionTaken where the version holds other content, OSError.
    """
    sealed = seal(folder, executables, known)
    exact = tag.with_version(tag.version or sealed.digest.short_version)
    receipt = Receipt(exact, sealed.digest, now(), sealed.size_bytes)
    write_synced(folder / RECEIPT, receipt.to_yaml(details))
    if not shelf.has(exact):  # else it will most likely be thrown away
        share_files(shelf.layout, folder, {**sealed.files, **sealed.beside})
    sync_folders(folder)
    with exclusive(shelf.layout.lock):
        check()
        written = _put(shelf, folder, receipt, details)
    note_files(shelf.layout, shelf.folder(exact), {**sealed.files, **sealed.beside})
    return exact, written


def make_latest(shelf: Shelf, tag: Tag, digest: Digest) -> Receipt | None:
    """Makes an item that stands the latest of its name, and gives its receipt; None where exactly this content is not
    there. Raises DamagedItem, OSError."""
    if [saved.version for saved in shelf.saved(tag.name)[:1]] == [tag.version]:
        return _standing(shelf, tag, digest)
    with exclusive(shelf.layout.lock):
        receipt = _standing(shelf, tag, digest)
        if receipt:
            _note_latest(shelf, tag)
        return receipt


def _standing(shelf: Shelf, tag: Tag, digest: Digest) -> Receipt | None:
    receipt = shelf.receipt(tag)
    return receipt if receipt and receipt.digest == digest else None


def delete(shelf: Shelf, tag: Tag, *, check: Callable[[Tag], None] = lambda tag: None) -> Tag:
    """Deletes the item that `tag` means, a prefix being refused, and gives its exact tag. Raises NotFound, OSError.

    It goes at once or not at all; what then cannot be removed from the disk is told by a warning.
    """
    exact = shelf.resolve_whole(tag)
    with exclusive(shelf.layout.lock):
        if not shelf.has(exact):
            raise shelf.not_found(exact)
        check(exact)
        trash = throw_away(shelf.layout, shelf.folder(exact))
        _drop_if_empty(shelf, exact.name)
    if not remove_tree(trash):
        logger.warning("`%s` is deleted, but some of its files may not be removed: see `%s`", exact, trash)
    return exact


def delete_some(shelf: Shelf, tags: Iterable[Tag], may_go: Callable[[list[Tag]], list[Tag]]) -> list[Tag]:
    """Deletes those of the exact `tags` that are there and that `may_go`, asked under the lock, lets go; gives them.
    Raises OSError."""
    with exclusive(shelf.layout.lock):
        going = may_go([tag for tag in tags if shelf.has(tag)])
        trash = [throw_away(shelf.layout, shelf.folder(tag)) for tag in going]
        for name in {tag.name for tag in going}:
            _drop_if_empty(shelf, name)
    for path in trash:
        remove_tree(path)  # what stays is swept another time
    return going


def _put(shelf: Shelf, sealed: Path, receipt: Receipt, details: Mapping[str, object]) -> Receipt:
    target = shelf.folder(receipt.tag)
    standing = shelf.receipt(receipt.tag)
    if standing:
        if standing.digest != receipt.digest:
            raise VersionTaken(str(receipt.tag))
        receipt = dataclasses.replace(receipt, created=standing.created)
        _refresh_receipt(shelf, receipt, details)
        _note_latest(shelf, receipt.tag)
        _take_signatures(shelf.layout, sealed, target)
        _take_offline(sealed, target)
        return receipt
    try:
        make_folder(target.parent)
        _note_latest(shelf, receipt.tag)
        sealed.rename(target)
        sync(target.parent)
    except OSError:
        _drop_if_empty(shelf, receipt.tag.name)
        raise
    return receipt


def put_signature(layout: Layout, folder: Path, name: str, content: bytes) -> Path:
    """Puts a signature into the item in `folder`, in the place of one with the same name; gives its path.

    The caller holds the store's lock. Raises StoreError where something else stands in the place of their folder.
    """
    signatures = folder / SIGNATURES
    if signatures.is_symlink():
        raise StoreError(f"`{signatures}` is a link", hint="remove it")
    make_folder(layout.tmp)
    make_folder(signatures)
    signatures.chmod(FOLDER_MODE)
    replace_file(layout, signatures / name, content)
    return signatures / name


def _take_signatures(layout: Layout, sealed: Path, target: Path) -> None:
    """Takes over the signatures of what was staged that the same content, which stands, does not have."""
    for path in sorted((sealed / SIGNATURES).glob(f"*{SIGNATURE_SUFFIX}")):
        if not (target / SIGNATURES / path.name).exists():
            put_signature(layout, target, path.name, path.read_bytes())


def _take_offline(sealed: Path, target: Path) -> None:
    """Takes over the wheels and blobs that came with the same content, which stands; at last the index that leads to
    them, so that a reader finds what the old one or the new one names."""
    came = [path for path in (sealed / OFFLINE).rglob("*") if path.is_file()]
    folders = sorted({path.parent for path in came})
    for folder in folders:
        make_folder(target / folder.relative_to(sealed))
    for path in sorted(came, key=lambda one: (one.suffix == ".json", one)):
        path.replace(target / path.relative_to(sealed))
    sync_all(target / folder.relative_to(sealed) for folder in folders)
    for folder in (target / OFFLINE, *(target / OFFLINE).rglob("*")) if came else ():
        if folder.is_dir():
            folder.chmod(FOLDER_MODE)


def _refresh_receipt(shelf: Shelf, receipt: Receipt, details: Mapping[str, object]) -> None:
    """Tells of the last making: where an index was corrected since, that is what the next image needs."""
    path = shelf.folder(receipt.tag) / RECEIPT
    try:
        replace_file(shelf.layout, path, receipt.to_yaml(details))
    except PermissionError as error:  # another user made it: the content is here all the same
        logger.warning("`%s` still tells of an earlier making: %s", path, error.strerror)


def _note_latest(shelf: Shelf, tag: Tag) -> None:
    saved = Saved(str(tag.version), format_time(now()))
    entries = put_on_top(shelf.saved(tag.name), saved, lambda version: shelf.has(tag.with_version(version)))
    replace_file(shelf.layout, shelf.root / tag.name / LATEST_FILE, format_latest(entries).encode())


def _drop_if_empty(shelf: Shelf, name: str) -> None:
    if not shelf.versions(name):
        remove_tree(shelf.root / name)
