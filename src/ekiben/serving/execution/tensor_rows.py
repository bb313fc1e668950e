"""Rows of torch tensors, along any dimension. Loaded when the first tensor comes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

import torch


class TensorRows:
    """Tensors are joined where dtype, device and every other dimension are the same."""

    def count(self, value: object, dim: int) -> int:
        """The length of dimension `dim`."""
        tensor = cast(torch.Tensor, value)
        if tensor.ndim <= dim:
            raise ValueError(f"a tensor of {tensor.ndim} dimensions has no dimension {dim}")
        return int(tensor.shape[dim])

    def take(self, value: object, start: int, stop: int, dim: int) -> object:
        """A view, not a copy."""
        return cast(torch.Tensor, value).narrow(dim, start, stop - start)

    def join(self, values: Sequence[object], dim: int) -> object:
        """One new tensor."""
        return torch.cat(cast("list[torch.Tensor]", values), dim=dim)

    def copy(self, value: object) -> object:
        """A copy of its data."""
        return cast(torch.Tensor, value).clone()

    def key(self, value: object, dim: int) -> Hashable:
        """dtype, device and the other dimensions."""
        tensor = cast(torch.Tensor, value)
        return tensor.dtype, tensor.device, tuple(tensor.shape[:dim]), tuple(tensor.shape[dim + 1 :])
