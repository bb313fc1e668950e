"""Export and import as tests call them: silently, between stores."""

from __future__ import annotations

from pathlib import Path

from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.archive.exporting import ExportRequest, export_bento, export_model
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.importing import ImportRequest, import_bento, import_model
from ekiben.store.bentos import Bento
from ekiben.store.item import StoredItem
from ekiben.store.local import Store, open_store
from ekiben.store.models import Model


def another_store(home: Path) -> Store:
    """The store of another machine."""
    return open_store(load_settings({"EKIBEN_HOME": str(home)}))


def send(item: StoredItem, store: Store, to: Path | str, form: ArchiveFormat | None = None) -> str:
    """Exports a model or a Bento."""
    request = ExportRequest(item.tag, str(to), form)
    export = export_bento if isinstance(item, Bento) else export_model
    return export(request, store=store, reporter=SilentReporter())


def bring_model(source: Path | str, store: Store) -> Model:
    """Imports a model."""
    return import_model(ImportRequest(str(source)), store=store, reporter=SilentReporter())


def bring_bento(source: Path | str, store: Store) -> Bento:
    """Imports a Bento."""
    return import_bento(ImportRequest(str(source)), store=store, reporter=SilentReporter())
