"""`ekiben.models`: models in the local store, as users call them. A face: the work is in `ekiben.store`."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import ModuleType

from ekiben.store.local import default_store
from ekiben.store.model_manifest import API_VERSION, ModelContext, ModelManifest, Signature
from ekiben.store.models import Model, ModelDraft
from ekiben.store.reference import BentoModel
from ekiben.tag import Tag

__all__ = [
    "BentoModel",
    "Model",
    "ModelContext",
    "ModelDraft",
    "ModelManifest",
    "Signature",
    "create",
    "delete",
    "get",
    "list",
]


def create(
    name: str | Tag,
    *,
    module: str = "",
    signatures: Mapping[str, object] | None = None,
    labels: Mapping[str, object] | None = None,
    options: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    context: ModelContext | None = None,
    version: str | None = None,
    custom_objects: Mapping[str, object] | None = None,
    external_modules: Sequence[ModuleType] = (),
    api_version: str = API_VERSION,
) -> AbstractContextManager[ModelDraft]:
    """Saves what the `with` block puts under the draft's `path`; the draft's `tag` is known afterwards.

    An error in the block saves nothing. `name` may be `name:version`. Raises VersionTaken, UsageError, StoreError.
    """
    return default_store().models.create(
        name,
        module=module,
        signatures=signatures,
        labels=labels,
        options=options,
        metadata=metadata,
        context=context,
        version=version,
        custom_objects=custom_objects,
        external_modules=external_modules,
        api_version=api_version,
    )


def get(tag: str | Tag | BentoModel) -> Model:
    """The model that `tag` means: `name`, `name:latest`, `name:version` or a unique beginning of a version."""
    return default_store().models.get(tag.tag if isinstance(tag, BentoModel) else tag)


def delete(tag: str | Tag, *, force: bool = False) -> None:
    """Deletes one model. Raises InUse where a local Bento lists it, unless `force`."""
    default_store().models.delete(tag, force=force)


def list(name: str | None = None) -> builtins.list[Model]:
    """All models, or those of `name`, newest first."""
    return default_store().models.list(name)
