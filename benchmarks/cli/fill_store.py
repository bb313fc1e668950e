"""Fills the store of EKIBEN_HOME with small Bentos: `python fill_store.py COUNT`."""

from __future__ import annotations

import sys

from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.local import default_store


def fill(count: int) -> None:
    """`count` Bentos of ten names, each with a source file of its own content."""
    store = default_store()
    for number in range(count):
        name = f"service-{number % 10}"
        with store.bentos.stage(name) as staged:
            source = staged.path / "src" / "service.py"
            source.parent.mkdir()
            source.write_text(f"NUMBER = {number}\n", encoding="utf-8")
            manifest = BentoManifest(service="service:Service", name=name, ekiben_version="0.1.0")
            staged.commit(manifest, version=None, receipt={})


if __name__ == "__main__":
    fill(int(sys.argv[1]))
