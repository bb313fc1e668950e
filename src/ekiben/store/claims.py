"""Claims: the models that a Bento needs which is still being built or brought in, so that nobody takes them meanwhile.

A claim lies beside a staging folder and ends with it: when its block is over, or its process dead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.disk import disk_errors
from ekiben.store.layout import Layout
from ekiben.store.lock import exclusive
from ekiben.store.staging import living
from ekiben.store.usage import require_models
from ekiben.tag import Tag

_CLAIM = "needs.json"
CLAIMANT = "a Bento that is being made"


def claim(layout: Layout, staged: Path, tags: Iterable[Tag]) -> None:
    """Keeps the models of these exact tags while the folder `staged` is, whether they are there already or not."""
    with disk_errors(staged), exclusive(layout.lock):
        _write(staged, tags)


def claim_standing(layout: Layout, staged: Path, entries: tuple[BentoModelEntry, ...]) -> None:
    """The same for models that have to be in the store. Raises ModelNotFound."""
    if not entries:
        return
    with disk_errors(staged), exclusive(layout.lock):
        require_models(layout, entries)
        _write(staged, [entry.tag for entry in entries])


def claimed_models(layout: Layout) -> set[str]:
    """The exact tags that somebody claims. The caller holds the store's lock."""
    found: set[str] = set()
    for folder in living(layout):
        try:
            found.update(json.loads((folder.parent / _CLAIM).read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            continue
    return found


def _write(staged: Path, tags: Iterable[Tag]) -> None:
    (staged.parent / _CLAIM).write_text(json.dumps([str(tag) for tag in tags]), encoding="utf-8")
