"""Torch tensors, as numpy arrays travel: nested lists, or npy files. Loaded only where a service names torch.

Numbers and booleans only. Fractions in JSON become torch's default dtype, as in `torch.tensor([1.5])`; a file keeps its
own. A tensor shares its memory with the array that was read.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.arrays import ArrayInput, ArrayOutput
from ekiben.serving.payload.codec import OutputCodec
from ekiben.serving.payload.npy import NPY
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Body, Payload

_SCHEMA: JsonSchema = {"type": "array", "items": {}, "title": "torch.Tensor"}
_ARRAYS = ArrayOutput(_SCHEMA)


def input_codec(annotation: object) -> TensorInput | None:
    """The codec of `torch.Tensor`; None for other types of torch."""
    return TensorInput() if annotation is torch.Tensor else None


def output_codec(annotation: object) -> TensorOutput | None:
    """The codec of a result annotated `torch.Tensor`; None for other types of torch."""
    return TensorOutput(_ARRAYS) if annotation is torch.Tensor else None


class TensorInput:
    """One parameter that is a tensor."""

    body_media_type = NPY
    json_type = Any

    def __init__(self) -> None:
        self._arrays = ArrayInput(None)

    def read_decoded(self, value: object, name: str) -> object:
        """The tensor of nested lists, or BadInput."""
        tensor = _tensor_of(self._arrays.read_decoded(value, name), name)
        return tensor.to(torch.get_default_dtype()) if tensor.is_floating_point() else tensor

    def read_value(self, value: object, name: str) -> object:
        """The tensor itself, or that of an array or of nested lists."""
        if isinstance(value, torch.Tensor):
            return value
        return torch.from_numpy(value) if isinstance(value, np.ndarray) else self.read_decoded(value, name)

    def read_json(self, text: bytes, name: str) -> object:
        """The tensor of a JSON text, or BadInput."""
        tensor = _tensor_of(self._arrays.read_json(text, name), name)
        return tensor.to(torch.get_default_dtype()) if tensor.is_floating_point() else tensor

    def read_form(self, text: bytes, name: str) -> object:
        """As JSON: a tensor has no other spelling."""
        return self.read_json(text, name)

    def read_body(self, body: Body, name: str) -> object:
        """The tensor of an npy file, or BadInput."""
        return _tensor_of(self._arrays.read_body(body, name), name)

    def count_rows(self, body: Body, dim: int) -> int:
        """What the file's header says."""
        return self._arrays.count_rows(body, dim)

    def schema(self) -> JsonSchema:
        """An array of anything."""
        return dict(_SCHEMA)


class TensorOutput:
    """A result that is a tensor, of whatever device, written as `written` writes an array."""

    body_media_type = NPY

    def __init__(self, written: OutputCodec) -> None:
        self._written = written
        self.media_type = written.media_type

    def named(self, media_type: str) -> OutputCodec:
        """As an array of that media type."""
        return TensorOutput(self._written.named(media_type))

    def encode(self, value: object) -> Payload:
        """The array's body."""
        return self._written.encode(_array_of(value))

    def plain_rows(self, value: object) -> object:
        """Lists instead of a tensor."""
        return _ARRAYS.plain_rows(_array_of(value))

    def schema(self) -> JsonSchema:
        """The array's."""
        return self._written.schema()


def _tensor_of(array: object, name: str) -> torch.Tensor:
    try:
        return torch.from_numpy(array)
    except TypeError as error:
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise BadInput(f"`{name}`: there are no tensors of {kind}") from error


def _array_of(value: object) -> object:
    """A tensor as an array, whatever its device; what is none stays as it is."""
    if not isinstance(value, torch.Tensor):
        return value
    try:
        plain = value.detach().cpu()
        return plain.float().numpy() if plain.dtype is torch.bfloat16 else plain.numpy()
    except (TypeError, RuntimeError) as error:
        raise ServiceError(f"the tensor cannot be written: {error}") from error
