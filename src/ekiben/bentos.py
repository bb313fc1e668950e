"""`ekiben.bentos`: Bentos in the local store, as users call them. A face: the work is in `ekiben.store`."""

from __future__ import annotations

import builtins

from ekiben.store.bentos import Bento, BentoManifest, BentoModelEntry
from ekiben.store.local import default_store
from ekiben.tag import Tag

__all__ = ["Bento", "BentoManifest", "BentoModelEntry", "delete", "get", "list"]


def get(tag: str | Tag) -> Bento:
    """The Bento that `tag` means: `name`, `name:latest`, `name:version` or a unique beginning of a version."""
    return default_store().bentos.get(tag)


def delete(tag: str | Tag) -> None:
    """Deletes one Bento; its models stay."""
    default_store().bentos.delete(tag)


def list(name: str | None = None) -> builtins.list[Bento]:
    """All Bentos, or those of `name`, newest first."""
    return default_store().bentos.list(name)
