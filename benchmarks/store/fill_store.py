"""Fills the store of EKIBEN_HOME with small Bentos and models: `python fill_store.py BENTOS [MODELS]`."""

from __future__ import annotations

import sys
from pathlib import Path

from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.store.local import Store, default_store
from ekiben.store.models import Model

BENTO_NAMES = 10
MODEL_NAMES = 20


def fill(bentos: int, models: int = 0) -> None:
    """`models` models of twenty names, then `bentos` Bentos of ten, each of content of its own and with a model."""
    store = default_store()
    saved = [_save(store, number) for number in range(models)]
    for number in range(bentos):
        _build(store, number, saved[number % models] if saved else None)


def _save(store: Store, number: int) -> Model:
    with store.models.create(f"model-{number % MODEL_NAMES}", module="ekiben.sklearn") as draft:
        draft.path_of("weights.bin").write_bytes(f"{number}\n".encode() * 100)
    return draft.model


def _build(store: Store, number: int, model: Model | None) -> None:
    name = f"service-{number % BENTO_NAMES}"
    with store.bentos.stage(name) as staged:
        _write(staged.path / "src" / "service.py", f"NUMBER = {number}\n")
        entries = (BentoModelEntry(model.tag, model.digest, "ekiben.sklearn"),) if model else ()
        staged.commit(BentoManifest("service:Service", name, models=entries), version=None, receipt={})


def _write(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    fill(*map(int, sys.argv[1:]))
