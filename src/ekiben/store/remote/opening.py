"""Stores of artifacts opened by name: registries as the settings and the environment say, folders and buckets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path

from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.registry.registry import Registry
from ekiben.settings import Settings
from ekiben.store.archive.formats import MODEL, ItemKind
from ekiben.store.layout import Layout
from ekiben.store.remote.object_store.opening import open_object_store
from ekiben.store.remote.remotes import Place, Remotes


def remotes_for(kind: ItemKind, settings: Settings, environ: Mapping[str, str]) -> Remotes:
    """The remotes of one command about models or Bentos."""
    uploads = Layout(settings.home.value).uploads
    open_base = lru_cache(maxsize=None)(partial(_open, settings.variables(environ), uploads))
    remote, variable = settings.remote, "EKIBEN_REMOTE"
    if kind is MODEL and settings.models_remote.value:
        remote, variable = settings.models_remote, "EKIBEN_MODELS_REMOTE"
    return Remotes(open_base, remote.value, variable)


def models_place(settings: Settings, told: str | None) -> Place | None:
    """Where a Bento's models are by the settings, unless the user has told where all is. Raises InvalidReference."""
    models_remote = settings.models_remote.value
    return Place.parse(models_remote) if models_remote and not told else None


def _open(environ: Mapping[str, str], uploads: Path, base: str) -> ArtifactStore:
    if "://" in base:
        return open_object_store(base, {})
    return Registry.open(base, environ=environ, uploads=uploads)
