"""`TensorModel`: a torch module on its device, called with what services send and answering what they can send on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ekiben.errors import BadInput

if TYPE_CHECKING:
    import torch
    from torch import nn

_TAKE_INDICES = frozenset({"Embedding", "EmbeddingBag"})


def visible_device() -> str:
    """`cuda` where torch may use a GPU (`CUDA_VISIBLE_DEVICES` decides), else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


class TensorModel:
    """Calls `module`, and methods of it by name, without gradients.

    numpy arrays and data frames become tensors: of floating point in the type of the module's weights; whole numbers
    too, as BentoML does it, unless the module looks up embeddings by them. Tensors are moved to the device as they are.
    Results come back as tensors on the CPU; mappings of a library's own (ModelOutput) as dictionaries.
    """

    def __init__(self, module: nn.Module, device: str) -> None:
        self.module = module
        self._device = device
        self._dtype = _weights_type(module)
        self._takes_indices = any(_kind(one) in _TAKE_INDICES for one in module.modules())

    def __call__(self, *args: object, **kwargs: object) -> object:
        return self._run(self.module, args, kwargs)

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self.module, name)

        def call(*args: object, **kwargs: object) -> object:
            return self._run(method, args, kwargs)

        return call

    def _run(self, method: Callable[..., Any], args: tuple[object, ...], kwargs: Mapping[str, object]) -> object:
        import torch

        with torch.inference_mode():
            result = method(
                *(self._tensor(one) for one in args), **{name: self._tensor(one) for name, one in kwargs.items()}
            )
        return to_cpu(result)

    def _tensor(self, value: object) -> object:
        import numpy as np
        import torch

        if isinstance(value, torch.Tensor):
            return value.to(self._device)
        if hasattr(value, "to_numpy"):  # frames and series, without importing pandas
            value = value.to_numpy()
        if not isinstance(value, np.ndarray):
            return value
        try:
            tensor = torch.from_numpy(value if value.flags.writeable else value.copy())
        except TypeError as error:
            raise BadInput(f"an array of `{value.dtype}` is not what the model takes") from error
        keeps_type = tensor.is_complex() or (self._takes_indices and not tensor.is_floating_point())
        return tensor.to(self._device, dtype=None if keeps_type else self._dtype)


def to_cpu(value: object) -> object:
    """The same with each tensor on the CPU and no gradient kept, in tuples, lists and mappings, too."""
    import torch

    match value:
        case torch.Tensor():
            return value.detach().cpu()
        case Mapping():
            return {name: to_cpu(one) for name, one in value.items()}
        case list():
            return [to_cpu(one) for one in value]
        case tuple():
            return tuple(to_cpu(one) for one in value)
        case _:
            return value


def _kind(module: nn.Module) -> str:
    """The name of a module's class; scripted ones remember that of their original."""
    return str(getattr(module, "original_name", type(module).__name__))


def _weights_type(module: nn.Module) -> torch.dtype:
    import torch

    return next((one.dtype for one in module.parameters() if one.is_floating_point()), torch.get_default_dtype())
