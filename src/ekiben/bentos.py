"""`ekiben.bentos`: Bentos in the local store, as users call them. A face: the work is in `ekiben.store`."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ekiben.store.bentos import Bento, BentoManifest, BentoModelEntry
from ekiben.store.local import default_store
from ekiben.tag import Tag

if TYPE_CHECKING:
    from ekiben import build
    from ekiben.store.archive.limits import Limits

__all__ = [
    "Bento",
    "BentoManifest",
    "BentoModelEntry",
    "build",
    "delete",
    "export_bento",
    "get",
    "import_bento",
    "list",
    "pull",
    "push",
]

# What BentoML's module of this name has besides -> what does it here
_ELSEWHERE = {
    "build_bentofile": "use `ekiben.build(bentofile=...)`",
    "containerize": "use `ekiben.container.build`",
    "serve": "use the command `ekiben serve`",
}


def __getattr__(name: str) -> object:
    """`build`, which images do without, and what stands in for names that are BentoML's alone."""
    if name == "build":
        value: object = getattr(importlib.import_module("ekiben.packager.build"), name)
        return value
    remedy = f": {_ELSEWHERE[name]}" if name in _ELSEWHERE else ""
    raise AttributeError(f"`ekiben.bentos` has no `{name}`{remedy}", name=name)


def get(tag: str | Tag) -> Bento:
    """The Bento that `tag` means: `name`, `name:latest`, `name:version` or a unique beginning of a version."""
    return default_store().bentos.get(tag)


def delete(tag: str | Tag) -> None:
    """Deletes one Bento; its models stay."""
    default_store().bentos.delete(tag)


def list(tag: str | Tag | None = None) -> builtins.list[Bento]:
    """All Bentos, or those of a name, or with such a beginning of a version, newest first."""
    return default_store().bentos.list(tag)


def export_bento(
    tag: str | Tag,
    path: str,
    output_format: str | None = None,
    *,
    protocol: str | None = None,
    user: str | None = None,
    passwd: str | None = None,
    params: Mapping[str, str] | None = None,
    subpath: str | None = None,
    with_models: bool = True,
) -> str:
    """Writes the Bento, and its models, into an archive at `path`, a path or URL; gives where it is.

    `output_format` (`tar gz bz2 xz zst zip folder`) is told from the suffix where it is None. Raises BentoNotFound,
    ModelNotFound, DamagedItem, StoreError, RemoteError.
    """
    from ekiben.store.archive.calls import Pieces, export_bento_to

    pieces = Pieces(path, protocol, user, passwd, params, subpath)
    return export_bento_to(tag, pieces, output_format, with_models=with_models)


def import_bento(
    path: str,
    input_format: str | None = None,
    *,
    protocol: str | None = None,
    user: str | None = None,
    passwd: str | None = None,
    params: Mapping[str, str] | None = None,
    subpath: str | None = None,
    limits: Limits | None = None,
) -> Bento:
    """The Bento in the archive at `path`, a path or URL, now in the store with the models that came along.

    BentoML's are made into ours. Raises ArchiveError for what is damaged, unsafe or over the `limits`, VersionTaken,
    ModelNotFound, StoreError, RemoteError.
    """
    from ekiben.store.archive.calls import Pieces, import_bento_from

    return import_bento_from(Pieces(path, protocol, user, passwd, params, subpath), input_format, limits)


def push(tag: str | Tag, to: str | None = None, *, with_models: bool = True, force: bool = False) -> str:
    """Brings the Bento and its models to a remote, `HOST/REPO`, a folder or a bucket, by default that of the settings;
    gives its reference there, with the digest that it is for ever.

    What the remote has is not sent again. With `force` it becomes the remote's `latest`, even where that was made
    later. Raises BentoNotFound, ModelNotFound, VersionTaken, RemoteError, StoreError.
    """
    from ekiben.store.remote.calls import push_bento_to

    return push_bento_to(tag, to, with_models=with_models, force=force)


def pull(tag: str | Tag, source: str | None = None, *, force: bool = False) -> Bento:
    """The Bento that a reference (`HOST/REPO/NAME:VERSION`) names, or a tag at a remote, now in the store with its
    models and the latest of its name.

    What is here is not fetched again; `force` is BentoML's, and changes nothing. Raises NotInRegistry, VersionTaken,
    ModelNotFound, RemoteError, StoreError.
    """
    from ekiben.store.remote.calls import pull_bento_from

    return pull_bento_from(tag, source)
