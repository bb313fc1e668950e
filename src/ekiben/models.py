"""`ekiben.models`: models in the local store, as users call them. A face: the work is in `ekiben.store`."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import TYPE_CHECKING

import ekiben.frameworks  # noqa: F401 (gives models `load_model`, `to_runnable` and `to_runner`)
from ekiben.frameworks.hub_cache import seed_hub_cache
from ekiben.frameworks.huggingface import HuggingFaceModel
from ekiben.store.local import default_store
from ekiben.store.model_manifest import API_VERSION, ModelContext, ModelManifest, Signature
from ekiben.store.models import Model, ModelDraft
from ekiben.store.reference import BentoModel
from ekiben.tag import Tag

if TYPE_CHECKING:
    from ekiben.store.archive.limits import Limits

__all__ = [
    "BentoModel",
    "HuggingFaceModel",
    "Model",
    "ModelContext",
    "ModelDraft",
    "ModelManifest",
    "Signature",
    "create",
    "delete",
    "export_model",
    "get",
    "import_model",
    "list",
    "pull",
    "push",
    "seed_hub_cache",
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


def list(tag: str | Tag | None = None) -> builtins.list[Model]:
    """All models, or those of a name, or with such a beginning of a version, newest first."""
    return default_store().models.list(tag)


def export_model(
    tag: str | Tag,
    path: str,
    output_format: str | None = None,
    *,
    protocol: str | None = None,
    user: str | None = None,
    passwd: str | None = None,
    params: Mapping[str, str] | None = None,
    subpath: str | None = None,
) -> str:
    """Writes the model into an archive at `path`, a path or URL; gives where it is.

    `output_format` (`tar gz bz2 xz zst zip folder`) is told from the suffix where it is None. Raises ModelNotFound,
    DamagedItem, StoreError, RemoteError.
    """
    from ekiben.store.archive.calls import Pieces, export_model_to

    return export_model_to(tag, Pieces(path, protocol, user, passwd, params, subpath), output_format)


def import_model(
    path: str,
    input_format: str | None = None,
    *,
    protocol: str | None = None,
    user: str | None = None,
    passwd: str | None = None,
    params: Mapping[str, str] | None = None,
    subpath: str | None = None,
    limits: Limits | None = None,
) -> Model:
    """The model in the archive at `path`, a path or URL, now in the store. BentoML's are made into ours.

    Raises ArchiveError for what is damaged, unsafe or over the `limits`, VersionTaken, StoreError, RemoteError.
    """
    from ekiben.store.archive.calls import Pieces, import_model_from

    return import_model_from(Pieces(path, protocol, user, passwd, params, subpath), input_format, limits)


def push(tag: str | Tag, to: str | None = None, *, force: bool = False) -> str:
    """Brings the model to a remote, `HOST/REPO`, a folder or a bucket, by default that of the settings; gives its
    reference there, with the digest that it is for ever.

    What the remote has is not sent again. With `force` it becomes the remote's `latest`, even where that was made
    later. Raises ModelNotFound, VersionTaken, RemoteError, StoreError.
    """
    from ekiben.store.remote.calls import push_model_to

    return push_model_to(tag, to, force=force)


def pull(tag: str | Tag, source: str | None = None, *, force: bool = False) -> Model:
    """The model that a reference (`HOST/REPO/NAME:VERSION`) names, or a tag at a remote, now in the store and the
    latest of its name.

    What is here is not fetched again; `force` is BentoML's, and changes nothing. Raises NotInRegistry, VersionTaken,
    RemoteError, StoreError.
    """
    from ekiben.store.remote.calls import pull_model_from

    return pull_model_from(tag, source)
