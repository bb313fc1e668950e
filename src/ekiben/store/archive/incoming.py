"""What was unpacked becomes items that can be committed: which they are, and that every byte is what the sums say.

Nothing is committed here; what is wrong with an archive is known before the store changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ekiben.digest import Digest, is_short_version
from ekiben.errors import ArchiveError, InvalidTag
from ekiben.store.archive.contents import MODELS
from ekiben.store.archive.formats import BENTO, KINDS, MODEL, ItemKind, no_item
from ekiben.store.archive.index import INDEX, ArchiveIndex
from ekiben.store.archive.names import shown
from ekiben.store.archive.offline import check_offline
from ekiben.store.archive.tree import Tree, damage_of
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.model_manifest import ModelManifest
from ekiben.store.receipt import RECEIPT
from ekiben.store.seal import KnownFile
from ekiben.store.sums import SUMS, format_sums, is_offline, is_signature, parse_sums
from ekiben.tag import Tag
from ekiben.trust.strict_json import MAX_BYTES as MAX_SIGNATURE_BYTES

_MAX_SUMS_BYTES = 64 * 1024**2  # of SHA256SUMS, which is read whole: half a million files
_SHOWN = 3  # files named in a message


@dataclass(frozen=True, slots=True)
class Incoming:
    """An item in a folder of its own, SHA256SUMS among its files, with the digest that committing it must give.

    `details` go into the receipt; files that are `known` are not read again.
    """

    kind: ItemKind
    tag: Tag
    folder: Path
    digest: Digest
    executables: tuple[str, ...] = ()
    models: tuple[BentoModelEntry, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    known: Mapping[str, KnownFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parcel:
    """The item that was asked for, and the models that came with it."""

    item: Incoming
    models: tuple[Incoming, ...] = ()


def kind_of(tree: Tree) -> ItemKind:
    """What the archive holds. Raises ArchiveError where it is neither."""
    for kind in KINDS:
        if kind.manifest in tree:
            return kind
    raise no_item()


def open_parcel(tree: Tree, models_folder: Path) -> Parcel:
    """The items in an archive of ours. Raises ArchiveError for what is missing, added or other than the sums say."""
    kind = kind_of(tree)
    index = _read_index(tree)
    if index and index.kind is not kind:
        raise ArchiveError(f"its `{INDEX}` says that it holds a {index.kind.noun}")
    models = _open_models(tree, models_folder) if kind is BENTO else ()
    item = open_item(tree, kind, index)
    if kind is BENTO and not check_offline(tree) and index and index.offline:
        raise ArchiveError(f"it does not hold the wheels and the base that its `{INDEX}` tells of")
    _require_listed(item, models, index)
    return Parcel(item, models)


def model_trees(tree: Tree, models_folder: Path) -> list[tuple[Tag, Tree]]:
    """The models of a Bento's archive, each moved into a folder of its own. Raises ArchiveError."""
    found = sorted({_model_tag(path) for path in tree if path.startswith(f"{MODELS}/")})
    taken = []
    for tag in found:
        place = f"{tag.name}/{tag.version}"
        taken.append((tag, tree.take_folder(f"{MODELS}/{place}", models_folder / place)))
    return taken


def _model_tag(path: str) -> Tag:
    parts = path.split("/")
    try:
        if len(parts) > 3:
            return Tag(parts[1], parts[2])
    except InvalidTag as error:
        raise ArchiveError(f"`{shown(path)}` lies in no model's folder: {error}") from error
    raise ArchiveError(f"`{shown(path)}` lies in no model's folder")


def _open_models(tree: Tree, models_folder: Path) -> tuple[Incoming, ...]:
    opened = []
    for tag, model in model_trees(tree, models_folder):
        item = open_item(model, MODEL, None, version=tag.version)
        if item.tag != tag:
            raise ArchiveError(f"the model in `{MODELS}/{tag.name}/{tag.version}` is called `{item.tag.name}`")
        opened.append(item)
    return tuple(opened)


def open_item(tree: Tree, kind: ItemKind, index: ArchiveIndex | None, version: str | None = None) -> Incoming:
    """One item out of its files, SHA256SUMS among them: what `index` says that it is. Raises ArchiveError."""
    receipt_tag = _receipt_tag(tree)
    digest = _check_sums(tree, kind)
    if index and index.digest != digest:
        raise ArchiveError(f"its {kind.noun} is not what `{index.digest}` names")
    if kind.manifest not in tree:
        raise ArchiveError(f"`{kind.manifest}` is missing in it")
    with damage_of(tree.folder):
        document = tree.document(kind.manifest)
        manifest = (BentoManifest if kind is BENTO else ModelManifest).from_document(document)
        tag = _tag(manifest.name, index.tag if index else receipt_tag, version or digest.short_version)
    _require_version(tag, digest, manifest)
    bento = manifest if isinstance(manifest, BentoManifest) else None
    models, executables = (bento.models, bento.executables) if bento else ((), ())
    missing = sorted(path for path in executables if path not in tree)
    if missing:
        raise ArchiveError(f"`{shown(missing[0])}` is to be executable and is not in it")
    known = {path: KnownFile.of(tree.folder / path, tree[path].digest) for path in tree if path != SUMS}
    return Incoming(kind, tag, tree.folder, digest, executables, models, known=known)


def _require_version(tag: Tag, digest: Digest, manifest: BentoManifest | ModelManifest) -> None:
    """A version that ekiben made of content names that content. BentoML's versions, which look alike, name none."""
    version = str(tag.version)
    if is_short_version(version) and version != digest.short_version and not manifest.is_from_bentoml:
        raise ArchiveError(
            f"it is called `{tag}`, which is made from other content",
            hint=f"by its content it is `{tag.with_version(digest.short_version)}`",
        )


def _tag(name: str, told: Tag | None, version: str) -> Tag:
    if told and told.name != name:
        raise ArchiveError(f"it is called `{told.name}` outside and `{name}` inside")
    try:
        return told or Tag(name, version)
    except InvalidTag as error:
        raise ArchiveError(str(error)) from error


def _read_index(tree: Tree) -> ArchiveIndex | None:
    if INDEX not in tree:
        return None
    with damage_of(tree.folder):
        return ArchiveIndex.from_document(tree.document(INDEX))


def _receipt_tag(tree: Tree) -> Tag | None:
    """The tag in the receipt of a folder that was copied out of a store; nothing else of it is believed."""
    if RECEIPT not in tree:
        return None
    with damage_of(tree.folder):
        text = tree.document(RECEIPT).text("tag")
    try:
        tag = Tag.parse(text)
    except InvalidTag as error:
        raise ArchiveError(f"its `{RECEIPT}`: {error}") from error
    return tag if tag.is_exact else None


def _check_sums(tree: Tree, kind: ItemKind) -> Digest:
    """Holds the files against SHA256SUMS; gives the address, which is that file's digest."""
    if SUMS not in tree:
        raise ArchiveError(f"`{SUMS}` is missing in it")
    if tree[SUMS].size_bytes > _MAX_SUMS_BYTES:
        raise ArchiveError(f"its `{SUMS}` is larger than {_MAX_SUMS_BYTES:,} bytes")
    content = (tree.folder / SUMS).read_bytes()
    with damage_of(tree.folder):
        listed = parse_sums(content)
    tree.drop(RECEIPT, INDEX)
    if any(is_signature(path) and tree[path].size_bytes > MAX_SIGNATURE_BYTES for path in tree):
        raise ArchiveError(f"a signature in it is larger than {MAX_SIGNATURE_BYTES:,} bytes")
    beside = {SUMS, *(path for path in tree if is_signature(path) or (kind is BENTO and is_offline(path)))}
    found = {path: tree[path].digest for path in tree if path not in beside}
    wrong = sorted(path for path in listed.keys() | found.keys() if listed.get(path) != found.get(path))
    if wrong:
        named = ", ".join(f"`{shown(path)}`" for path in wrong[:_SHOWN])
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise ArchiveError(f"files are missing, added or other than its `{SUMS}` says: {named}{more}")
    if format_sums(found) != content:
        raise ArchiveError(f"its `{SUMS}` is not written as ours are")
    return Digest.of_bytes(content)


def _require_listed(item: Incoming, models: tuple[Incoming, ...], index: ArchiveIndex | None) -> None:
    """The models that came are the Bento's own, with the content that it names."""
    wanted = {entry.tag: entry.digest for entry in item.models}
    for model in models:
        if wanted.get(model.tag) != model.digest:
            raise ArchiveError(f"model `{model.tag}` in it is none of the Bento's, or has other content")
    if index and set(index.models) != {model.tag for model in models}:
        raise ArchiveError(f"it does not hold the models that its `{INDEX}` names")
