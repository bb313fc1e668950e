"""Torch tensors as arrays; on the processor, whatever device they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch

from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.value_kinds import arrays
from ekiben.serving.payload.values import Buffers

# numpy has no such numbers: they travel as integers of their size
_AS_INTEGERS = {"bfloat16": torch.int16, "float8_e4m3fn": torch.uint8, "float8_e5m2": torch.uint8}


def write(value: object, buffers: Buffers) -> Sequence[object] | None:
    """What an array has, and the tensor's own type where numpy has none like it."""
    if not isinstance(value, torch.Tensor):
        return None
    tensor = value.detach().cpu().contiguous()
    name = str(tensor.dtype).removeprefix("torch.")
    carried = tensor.view(_AS_INTEGERS[name]) if name in _AS_INTEGERS else tensor
    written = arrays.write(carried.numpy(), buffers)
    return None if written is None else (*written, name)


def read(data: Sequence[object], buffers: Buffers, folder: RequestFolder | None) -> object:
    """The tensor; it shares the memory of the array that was read."""
    name = cast(str, data[3])
    array = arrays.read(data[:3], buffers, folder)
    tensor = torch.from_numpy(array if isinstance(array, np.ndarray) else np.asarray(array))
    return tensor.view(getattr(torch, name)) if name in _AS_INTEGERS else tensor
