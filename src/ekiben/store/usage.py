"""Which Bentos need which models, both ways. Callers hold the store's lock where the answer must stay true."""

from __future__ import annotations

from ekiben.errors import BentoNotFound, DamagedItem, ModelNotFound
from ekiben.store.bento_manifest import BENTO_MANIFEST, BentoModelEntry, read_bento_manifest
from ekiben.store.layout import Layout
from ekiben.store.receipt import read_receipt
from ekiben.store.shelf import Shelf, bento_shelf, model_shelf
from ekiben.tag import Tag


def bentos_using(layout: Layout, model: Tag) -> list[Tag]:
    """The local Bentos that list the exact tag `model`."""
    shelf = bento_shelf(layout)
    tags = [Tag(name, version) for name in shelf.names() for version in shelf.versions(name)]
    return [tag for tag in tags if _uses(shelf, tag, model)]


def require_models(layout: Layout, entries: tuple[BentoModelEntry, ...]) -> None:
    """Raises ModelNotFound unless every model is in the store with the content that its entry names."""
    shelf = model_shelf(layout)
    for entry in entries:
        receipt = read_receipt(shelf.folder(entry.tag))
        if receipt is None or receipt.digest != entry.digest:
            state = "is not in the store" if receipt is None else f"has other content than `{entry.digest}`"
            raise ModelNotFound(
                f"model `{entry.tag}` {state}", hint="it was deleted or replaced meanwhile: build again"
            )


def _uses(shelf: Shelf, bento: Tag, model: Tag) -> bool:
    path = shelf.folder(bento) / BENTO_MANIFEST
    try:
        if str(model).encode() not in path.read_bytes():  # most Bentos do not: a thousand are passed over in no time
            return False
        return model in [entry.tag for entry in read_bento_manifest(path.parent).models]
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, BentoNotFound):
        return False
    except DamagedItem:
        return True  # it names the model and cannot say how: better kept
