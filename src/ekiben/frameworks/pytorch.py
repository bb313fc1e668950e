"""PyTorch: modules saved as weights by safetensors, as an exported program, or, where neither can be, pickled.

safetensors   the state dict, and where the class is imported from: no code in the file
export        the graph of a `torch.export.ExportedProgram`: needs no class, runs what was traced
pickle        the module by cloudpickle, as BentoML does it: who loads it runs what is in it
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Unpack

from ekiben.errors import FrameworkError, UsageError
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions, choose_signatures, warn_of_other_python
from ekiben.frameworks.tensors import TensorModel, visible_device
from ekiben.frameworks.torch_classes import NotRebuilt, build, check_rebuilt, class_path
from ekiben.frameworks.torch_weights import DISTRIBUTION as SAFETENSORS
from ekiben.frameworks.torch_weights import read_weights, write_weights
from ekiben.report import logger
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.store.pickles import pickling
from ekiben.store.plain import plain_mapping
from ekiben.tag import Tag

if TYPE_CHECKING:
    from torch import nn
    from torch.export import ExportedProgram

Format: TypeAlias = Literal["safetensors", "export", "pickle"]

_TORCH = Framework("ekiben.pytorch", "torch", ("torch",))
_WITH_SAFETENSORS = Framework("ekiben.pytorch", "torch", ("torch", SAFETENSORS))
_FILES: Mapping[str, str] = {
    "safetensors": "model.safetensors",
    "export": "saved_model.pt2",
    "pickle": "saved_model.pt",  # BentoML's name for it
}
_FORMAT, _CLASS, _INIT, _TRAINING = "format", "class", "init_params", "training"  # in the options


def save_model(
    name: str | Tag,
    model: nn.Module | ExportedProgram,
    *,
    format: Format | None = None,
    init_params: Mapping[str, object] | None = None,
    **options: Unpack[SaveOptions],
) -> Model:
    """Saves a module, or the program that `torch.export.export` makes of one, and gives it back as a Model.

    Without `format`, a module is saved by safetensors where its class can be imported and, constructed with
    `init_params`, makes the same module with these weights; else it is pickled, which a warning says, with the reason.
    Without signatures `__call__` takes one call at a time. Raises FrameworkError for what is neither, or cannot be
    saved in the `format` asked for; UsageError; VersionTaken; StoreError.
    """
    _TORCH.require()
    import torch

    if isinstance(model, torch.export.ExportedProgram):
        return _save_program(name, model, format, options)
    if not isinstance(model, torch.nn.Module):
        raise FrameworkError(f"`{type(model).__name__}` is no torch module")
    if format not in (None, "safetensors", "pickle"):
        raise UsageError(
            f"`{format}` is no format that a module is saved in",
            hint="`safetensors` or `pickle`; for `export`, give what `torch.export.export(model, inputs)` makes",
        )
    if format == "pickle":
        return _save_pickle(name, model, options)
    try:
        return _save_weights(name, model, plain_mapping(init_params or {}, "init_params"), options)
    except NotRebuilt as error:
        if format is not None or init_params is not None:
            raise
        logger.warning("model `%s` is pickled, which runs code when it is loaded: %s", name, error)
    return _save_pickle(name, model, options)


def load_model(model: ModelLike, device_id: str | None = "cpu", **torch_load_args: Any) -> Any:
    """The module on a device (`cpu`, `cuda:0`), in the mode (training or evaluation) that it was saved in.

    Of an exported program it is the module that runs it. `torch_load_args` go to `torch.load` where the model is a
    pickle: `weights_only=True` refuses one that holds code. Raises ModelNotFound, FrameworkError, and DamagedItem
    where its file is missing or has changed.
    """
    saved = _TORCH.find_to_load(model)
    kind = str(saved.manifest.options.get(_FORMAT, "pickle"))
    if kind not in _FILES:
        raise FrameworkError(f"`{saved.tag}` is in the format `{kind}`, which this version does not know")
    with loading(saved.path, _FILES[kind], str(saved.tag)) as path:
        match kind:
            case "safetensors":
                return _load_weights(saved, path, device_id or "cpu")
            case "export":
                return _load_program(path, device_id or "cpu")
            case _:
                return _load_pickle(saved, path, device_id, torch_load_args)


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _TORCH.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable of its signatures, on a GPU where one is visible, in evaluation mode: arrays or tensors go in, tensors
    on the CPU come out."""
    return signed_runnable(model, _load_to_serve, resources=("nvidia.com/gpu", "cpu"))


def _load_to_serve(model: Model) -> TensorModel:
    device = visible_device()
    module = load_model(model, device)
    if model.manifest.options.get(_FORMAT) != "export":  # a program runs as it was exported
        module.eval()
    return TensorModel(module, device)


def _save_weights(name: str | Tag, model: nn.Module, init_params: dict[str, object], options: SaveOptions) -> Model:
    if importlib.util.find_spec(SAFETENSORS) is None:
        raise NotRebuilt(f"`{SAFETENSORS}` is not installed", hint=f"pip install {SAFETENSORS}")
    path = class_path(model)
    if path.partition(":")[0] in _names(options.get("external_modules") or ()):
        raise NotRebuilt("the class is in external_modules, whose code travels in a pickle")
    check_rebuilt(model, path, init_params)
    said = {_FORMAT: "safetensors", _CLASS: path, _INIT: init_params, _TRAINING: model.training}
    signatures = choose_signatures(model, options.get("signatures"), default="__call__")
    with _WITH_SAFETENSORS.saving(name, signatures, options, options=said) as draft:
        write_weights(model, draft.path_of(_FILES["safetensors"]))
    return draft.model


def _save_program(name: str | Tag, program: ExportedProgram, format: str | None, options: SaveOptions) -> Model:
    import torch

    if format not in (None, "export"):
        raise UsageError(f"an exported program is not saved as `{format}`", hint="give the module itself")
    signatures = choose_signatures(program.module(), options.get("signatures"), default="__call__")
    with _TORCH.saving(name, signatures, options, options={_FORMAT: "export"}) as draft:
        torch.export.save(program, draft.path_of(_FILES["export"]))
    return draft.model


def _save_pickle(name: str | Tag, model: nn.Module, options: SaveOptions) -> Model:
    import cloudpickle
    import torch

    signatures = choose_signatures(model, options.get("signatures"), default="__call__")
    by_value = options.get("external_modules") or ()
    with _TORCH.saving(name, signatures, options, options={_FORMAT: "pickle"}) as draft, pickling(model, by_value):
        torch.save(model, draft.path_of(_FILES["pickle"]), pickle_module=cloudpickle)
    return draft.model


def _load_weights(model: Model, path: Path, device: str) -> nn.Module:
    options = model.manifest.options
    module = build(str(options.get(_CLASS)), plain_mapping(_mapping(options.get(_INIT)), _INIT))
    read_weights(module, path, device)
    return module.to(device).train(bool(options.get(_TRAINING)))


def _load_program(path: Path, device: str) -> nn.Module:
    import torch
    from torch.export.passes import move_to_device_pass

    program = torch.export.load(path)
    if torch.device(device).type != "cpu":
        program = move_to_device_pass(program, device)
    return program.module()


def _load_pickle(model: Model, path: Path, device: str | None, torch_load_args: Mapping[str, Any]) -> object:
    import torch

    warn_of_other_python(model)
    module: object = torch.load(path, map_location=device, **{"weights_only": False, **torch_load_args})
    return module


def _names(modules: Sequence[ModuleType]) -> set[str]:
    return {one.__name__ for one in modules}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
