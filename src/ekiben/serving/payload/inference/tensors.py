"""Tensors of the protocol as torch's. Loaded where a service names torch, or returns a tensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.oip.datatypes import BF16
from ekiben.serving.oip.tensors import Tensor
from ekiben.serving.payload.inference import arrays


def read_tensor(tensor: Tensor) -> torch.Tensor:
    """Torch's tensor, sharing the memory of the array that it is. Raises BadInput for texts."""
    try:
        if tensor.datatype == BF16:
            halves = np.frombuffer(bytearray(tensor.packed()), np.int16)
            return torch.from_numpy(halves).view(torch.bfloat16).reshape(tensor.shape)
        return torch.from_numpy(arrays.read_tensor(tensor))
    except (TypeError, RuntimeError, ValueError) as error:
        raise BadInput(f"there is no torch tensor of `{tensor.name}`: {error}") from error


def write_tensor(name: str, tensor: torch.Tensor) -> Tensor:
    """The protocol's tensor. Raises ServiceError for a dtype that it does not have."""
    plain = tensor.detach().cpu().contiguous()
    try:
        if plain.dtype is torch.bfloat16:
            raw = plain.reshape(-1).view(torch.int16).numpy().view(np.uint8).data
            return Tensor(name, BF16, tuple(plain.shape) or (1,), raw)
        return arrays.write_array(name, plain.numpy())
    except (TypeError, RuntimeError) as error:
        raise ServiceError(f"the tensor cannot be written: {error}") from error


def stack(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """One tensor of several of one shape."""
    try:
        return torch.stack(list(tensors))
    except (TypeError, RuntimeError) as error:
        raise ServiceError(f"the tensors of the result are not of one shape: {error}") from error
