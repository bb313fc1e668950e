"""Small models and Bentos, and a check that what is in a store is whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ekiben.digest import Digest
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.bentos import Bento
from ekiben.store.item import StoredItem
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.sums import SUMS, parse_sums


def save(store: Store, name: str, content: str = "weights", version: str | None = None) -> Model:
    """A model of one file."""
    with store.models.create(name, version=version) as draft:
        draft.path_of("weights.bin").write_text(content)
    return draft.model


def build(
    store: Store,
    name: str = "svc",
    content: str = "pass\n",
    models: Iterable[BentoModelEntry] = (),
    version: str | None = None,
    receipt: Mapping[str, object] | None = None,
) -> Bento:
    """A Bento of one source file."""
    manifest = BentoManifest("service:Service", name, models=tuple(models))
    with store.bentos.stage(name) as staged:
        write_tree(staged.path, {"src/service.py": content})
        return staged.commit(manifest, version=version, receipt=receipt or {"duration_s": 0.1})


def entry(model: Model, alias: str | None = None) -> BentoModelEntry:
    """The row of a Bento's manifest that pins `model`."""
    return BentoModelEntry(model.tag, model.digest, "", alias)


def write_tree(folder: Path, files: Mapping[str, str]) -> None:
    """Files by relative path, in the mapping's order."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


def files_of(folder: Path) -> list[str]:
    """The relative paths of all files, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def assert_whole(item: StoredItem) -> None:
    """The item's files are exactly those of its SHA256SUMS, byte for byte, and that file is what its digest names."""
    sums = (item.path / SUMS).read_bytes()
    assert Digest.of_bytes(sums) == item.digest
    assert {path: Digest.of_file(item.path / path) for path in parse_sums(sums)} == parse_sums(sums)
    assert files_of(item.path) == sorted([*parse_sums(sums), SUMS, "receipt.yaml"])


def leftovers(store: Store) -> list[str]:
    """What is in tmp/."""
    return sorted(path.name for path in store.layout.tmp.iterdir()) if store.layout.tmp.exists() else []
