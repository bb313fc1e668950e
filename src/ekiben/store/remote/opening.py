"""Stores of artifacts opened by name: registries as the settings and the environment say, folders and buckets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial

from ekiben.oci.artifact_store import ArtifactStore
from ekiben.oci.registry.registry import Registry
from ekiben.settings import Settings
from ekiben.store.archive.formats import MODEL, ItemKind
from ekiben.store.remote.remotes import Remotes


def remotes_for(kind: ItemKind, settings: Settings, environ: Mapping[str, str]) -> Remotes:
    """The remotes of one command about models or Bentos."""
    open_base = lru_cache(maxsize=None)(partial(_open, settings.variables(environ)))
    remote, variable = settings.remote, "EKIBEN_REMOTE"
    if kind is MODEL and settings.models_remote.value:
        remote, variable = settings.models_remote, "EKIBEN_MODELS_REMOTE"
    return Remotes(open_base, remote.value, variable)


def _open(environ: Mapping[str, str], base: str) -> ArtifactStore:
    return Registry.open(base, environ=environ)
