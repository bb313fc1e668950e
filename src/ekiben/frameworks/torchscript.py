"""TorchScript: scripted and traced modules, saved by torch itself. Loading one runs no Python of the file's.

torch calls TorchScript deprecated; `ekiben.pytorch` saves what takes its place, `torch.export`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Unpack

from ekiben.errors import FrameworkError
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions, choose_signatures
from ekiben.frameworks.tensors import TensorModel, visible_device
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from torch.jit import ScriptModule

_TORCHSCRIPT = Framework("ekiben.torchscript", "torchscript", ("torch",))
_FILE = "saved_model.pt"


def save_model(
    name: str | Tag,
    model: ScriptModule,
    *,
    _extra_files: Mapping[str, str | bytes] | None = None,
    **options: Unpack[SaveOptions],
) -> Model:
    """Saves what `torch.jit.script` or `torch.jit.trace` made and gives it back as a Model.

    `_extra_files` are texts or bytes by file name that lie in the model's file, as in `torch.jit.save`. Without
    signatures `__call__` takes one call at a time. Raises FrameworkError for what is no ScriptModule, UsageError for a
    method that it lacks, VersionTaken, StoreError.
    """
    _TORCHSCRIPT.require()
    import torch

    if not isinstance(model, torch.jit.ScriptModule):
        raise FrameworkError(
            f"`{type(model).__name__}` is no ScriptModule", hint="other modules are saved with `ekiben.pytorch`"
        )
    signatures = choose_signatures(model, options.get("signatures"), default="__call__")
    with _TORCHSCRIPT.saving(name, signatures, options) as draft, _deprecation_known():
        torch.jit.save(model, draft.path_of(_FILE), _extra_files=dict(_extra_files or {}))
    return draft.model


def load_model(
    model: ModelLike, device_id: str | None = "cpu", *, _extra_files: dict[str, Any] | None = None
) -> ScriptModule:
    """The module on a device (`cpu`, `cuda:0`). What the keys of `_extra_files` name in its file is read into it.

    Logs a warning where torch has another version. Raises ModelNotFound, FrameworkError, and DamagedItem where its file
    is missing or has changed.
    """
    saved = _TORCHSCRIPT.find_to_load(model)
    import torch

    with loading(saved.path, _FILE, str(saved.tag)) as path, _deprecation_known():
        loaded: ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            path, map_location=device_id, _extra_files=_extra_files
        )
    return loaded


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _TORCHSCRIPT.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable of its signatures, on a GPU where one is visible, in evaluation mode: arrays or tensors go in, tensors
    on the CPU come out."""
    return signed_runnable(model, _load_to_serve, resources=("nvidia.com/gpu", "cpu"))


def _load_to_serve(model: Model) -> TensorModel:
    device = visible_device()
    return TensorModel(load_model(model, device).eval(), device)


@contextmanager
def _deprecation_known() -> Iterator[None]:
    """Silences torch's advice to leave TorchScript: who saved such a model was told when he scripted it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit", DeprecationWarning)
        yield
