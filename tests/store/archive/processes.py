"""What child processes do with archives, over and over: `python -m tests.store.archive.processes ROLE ARCHIVE`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ekiben.report import SilentReporter
from ekiben.store.archive.exporting import ExportRequest, export_bento
from ekiben.store.archive.importing import ImportRequest, import_bento
from ekiben.store.local import default_store
from tests.store.processes import ROOT


def start(role: str, archive: Path) -> subprocess.Popen[str]:
    """A child in that role on the store of EKIBEN_HOME."""
    command = [sys.executable, "-m", "tests.store.archive.processes", role, str(archive)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def import_for_ever(archive: str) -> None:
    """Imports a Bento, tells it, deletes all there is, and begins again."""
    store = default_store()
    while True:
        print("begin", flush=True)
        bento = import_bento(ImportRequest(archive), store=store, reporter=SilentReporter())
        print(bento.tag, flush=True)
        store.bentos.delete(bento.tag)
        for model in store.models.list():
            store.models.delete(model.tag, force=True)


def export_for_ever(archive: str) -> None:
    """Exports the Bento `svc` to one place again and again."""
    while True:
        print("begin", flush=True)
        export_bento(ExportRequest("svc", archive), store=default_store(), reporter=SilentReporter())


if __name__ == "__main__":
    {"import": import_for_ever, "export": export_for_ever}[sys.argv[1]](sys.argv[2])
