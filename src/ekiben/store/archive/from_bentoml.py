"""Bentos and models that BentoML 1.4 exported, made into ours: what has a place is kept, and what has none is named.

A model becomes one that `ekiben.<framework>` loads. A Bento becomes one that can be looked into, served and built again
once its source imports ekiben; it has no lock with hashes and no runtime, so no image is made of it as it is. Neither
gets a time, so that the same archive gives the same digest everywhere; the version stays BentoML's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import ArchiveError, InvalidTag, UsageError
from ekiben.store.archive.bentoml_manifests import BentoConversion, bento_manifest, model_manifest, without_login
from ekiben.store.archive.contents import MODELS
from ekiben.store.archive.formats import BENTO, MODEL
from ekiben.store.archive.incoming import Incoming, Parcel, kind_of, model_trees
from ekiben.store.archive.index import INDEX
from ekiben.store.archive.tree import Tree, damage_of
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.documents import Document, dump_document
from ekiben.store.receipt import RECEIPT
from ekiben.store.sums import SUMS, is_beside
from ekiben.tag import Tag

# Their locks stay out: they have no hashes, and name the index's host, some with a password.
_KEPT_PARTS = re.compile(
    r"(bento\.yaml|README\.md|src/.+|apis/.+|env/python/(requirements\.in|wheels/.+)|env/conda/.+|env/docker/setup_script)"
)
_WRITTEN_BY_THE_STORE = (RECEIPT, INDEX)
_INTENT = "env/python/requirements.in"
_IMPORT = re.compile(rb"^[ \t]*(?:import|from)[ \t]+bentoml\b", re.MULTILINE)
_SHOWN = 5  # import lines and files named in a message

StoredModel = Callable[[Tag], BentoModelEntry | None]


@dataclass(frozen=True, slots=True)
class Conversion:
    """The items, what of them has no place here, and where the source still imports bentoml (`src/service.py:3`)."""

    parcel: Parcel
    dropped: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def is_from_bentoml(tree: Tree) -> bool:
    """Whether the archive is one of BentoML's: it has no sums, and its manifest holds the version."""
    return SUMS not in tree and "version" in tree.document(kind_of(tree).manifest).content


def convert(tree: Tree, models_folder: Path, stored: StoredModel) -> Conversion:
    """Makes the tree's files ours, in place. `stored` looks a model up that the archive does not carry.

    Raises ArchiveError for what is no such archive, and where a model of the Bento is nowhere.
    """
    if kind_of(tree) is MODEL:
        item, dropped = _model(tree)
        return Conversion(Parcel(item), dropped)
    return _bento(tree, models_folder, stored)


def _model(tree: Tree) -> tuple[Incoming, tuple[str, ...]]:
    document = tree.document(MODEL.manifest)
    with damage_of(tree.folder):
        tag, made = _tag(document), model_manifest(document)
        tree.put(MODEL.manifest, dump_document(made.manifest.to_dict()))
    ours = tuple(path for path in tree if path in _WRITTEN_BY_THE_STORE or is_beside(path))
    tree.drop(*ours)
    item = Incoming(MODEL, tag, tree.folder, tree.sum_up(), details=_details(document, tag))
    return item, (*made.dropped, *_some(ours))


def _bento(tree: Tree, models_folder: Path, stored: StoredModel) -> Conversion:
    document = tree.document(BENTO.manifest)
    with damage_of(tree.folder):
        tag = _tag(document)
    tree.drop(*(path for path in tree if path.startswith(f"{MODELS}/") and path.count("/") == 2))  # `latest` files
    models, dropped_of_models = _carried_models(tree, models_folder)
    with damage_of(tree.folder):
        find = _entries({model.tag: model for model in models}, stored)
        made = bento_manifest(document, find, _packages(tree), _programs(tree))
    files = tuple(path for path in tree if not _KEPT_PARTS.fullmatch(path))
    tree.drop(*files)
    tree.put(BENTO.manifest, _manifest_bytes(tree, made))
    item = Incoming(
        BENTO,
        tag,
        tree.folder,
        tree.sum_up(),
        made.manifest.executables,
        made.manifest.models,
        _details(document, tag),
    )
    listed = {entry.tag for entry in made.manifest.models}
    used = tuple(model for model in models if model.tag in listed)
    return Conversion(Parcel(item, used), (*made.dropped, *_some(files), *dropped_of_models), _imports(tree))


def _manifest_bytes(tree: Tree, made: BentoConversion) -> bytes:
    with damage_of(tree.folder):
        return dump_document(made.manifest.to_dict())


def _carried_models(tree: Tree, models_folder: Path) -> tuple[list[Incoming], tuple[str, ...]]:
    models, dropped = [], list[str]()
    for tag, model in model_trees(tree, models_folder):
        item, of_model = _model(model)
        if item.tag != tag:
            raise ArchiveError(f"the model in `{MODELS}/{tag.name}/{tag.version}` is called `{item.tag}`")
        models.append(item)
        dropped += [f"`{tag}`: {one}" for one in of_model]
    return models, tuple(dropped)


def _entries(carried: Mapping[Tag, Incoming], stored: StoredModel) -> StoredModel:
    def find(tag: Tag) -> BentoModelEntry | None:
        model = carried.get(tag)
        return BentoModelEntry(tag, model.digest) if model else stored(tag)

    return find


def _tag(document: Document) -> Tag:
    version = document.content["version"]
    try:
        tag = Tag(document.text("name"), str(version))
    except InvalidTag as error:
        raise ArchiveError(str(error)) from error
    if not tag.is_exact:
        raise UsageError(f"`{version}` is no version")
    return tag


def _details(document: Document, tag: Tag) -> dict[str, object]:
    """For the receipt: what BentoML's manifests say of the making."""
    context = document.content.get("context")
    made_by = (
        context.get("bentoml_version") if isinstance(context, Mapping) else document.content.get("bentoml_version")
    )
    facts = {"tag": tag, "bentoml_version": made_by, "creation_time": document.content.get("creation_time")}
    return {"bentoml": {key: str(value) for key, value in facts.items() if value}}


def _packages(tree: Tree) -> tuple[str, ...]:
    """The requirements as they were asked for; options, among them indexes, and logins are taken out of the file."""
    if _INTENT not in tree:
        return ()
    lines = (tree.folder / _INTENT).read_text(encoding="utf-8", errors="replace").splitlines()
    wanted = (line.strip() for line in lines if line.strip() and not line.lstrip().startswith(("#", "-")))
    packages = tuple(without_login(line) for line in wanted)
    tree.put(_INTENT, "".join(f"{one}\n" for one in packages).encode())
    return packages


def _programs(tree: Tree) -> tuple[str, ...]:
    return tuple(path for path in tree if tree[path].is_executable and _KEPT_PARTS.fullmatch(path))


def _some(files: tuple[str, ...]) -> tuple[str, ...]:
    rest = len(files) - _SHOWN
    more = (f"{rest} more file{'s' if rest > 1 else ''}",) if rest > 0 else ()
    return (*(f"`{path}`" for path in files[:_SHOWN]), *more)


def _imports(tree: Tree) -> tuple[str, ...]:
    """Where the source imports bentoml: file and line of the first in each file."""
    found = []
    for path in tree:
        if path.startswith("src/") and path.endswith(".py"):
            source = (tree.folder / path).read_bytes()
            if match := _IMPORT.search(source):
                line = source.count(b"\n", 0, match.start()) + 1
                found.append(f"{path}:{line}")
    return tuple(found[:_SHOWN])
