"""Torch tensors, as numpy arrays travel: nested lists, or npy files. Loaded only where a service names torch.

Numbers and booleans only. Fractions in JSON become torch's default dtype, as in `torch.tensor([1.5])`; a file keeps its
own. A tensor shares its memory with the array that was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.array_form import ArrayForm
from ekiben.serving.payload.arrays import ArrayInput, ArrayOutput
from ekiben.serving.payload.codec import OutputCodec
from ekiben.serving.payload.marks import NO_MARKS, Marks, Shape
from ekiben.serving.payload.npy import NPY
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Body, Payload

TITLE = "torch.Tensor"
_ARRAYS = ArrayOutput(title=TITLE)


def input_codec(annotation: object, marks: Marks = NO_MARKS) -> TensorInput | None:
    """The codec of `torch.Tensor`; None for other types of torch."""
    return TensorInput(_form(marks)) if annotation is torch.Tensor else None


def output_codec(annotation: object, marks: Marks = NO_MARKS) -> TensorOutput | None:
    """The codec of a result annotated `torch.Tensor`; None for other types of torch."""
    if annotation is not torch.Tensor:
        return None
    form = _form(marks)
    return TensorOutput(_ARRAYS if form.is_free else ArrayOutput(form.of_arrays(), title=TITLE), form)


@dataclass(frozen=True, slots=True)
class TensorForm:
    """The dtype and shape that a tensor is held to; None for what is left to the data."""

    dtype: torch.dtype | None = None
    shape: Shape | None = None

    @property
    def is_free(self) -> bool:
        """Whether any tensor will do."""
        return self.dtype is None and self.shape is None

    def of_arrays(self) -> ArrayForm:
        """The same of arrays, but for the dtype: numpy does not have all of torch's."""
        return ArrayForm(shape=self.shape)

    def fit(self, tensor: torch.Tensor, name: str) -> torch.Tensor:
        """The tensor in this form. Raises BadInput where that would take another one, or change a whole number."""
        if self.dtype is not None and tensor.dtype != self.dtype:
            cast = tensor.to(self.dtype)
            is_whole = not (self.dtype.is_floating_point or self.dtype.is_complex)
            if is_whole and not torch.equal(cast.to(tensor.dtype), tensor):
                raise BadInput(f"`{name}`: a value does not fit into {self.dtype}")
            tensor = cast
        return tensor if self.shape is None else tensor.reshape(self.shape.fit(tuple(tensor.shape), name))


def _form(marks: Marks) -> TensorForm:
    marks.check_only(torch.Tensor, "shape", "dtype", "content_type")
    if marks.dtype is None:
        return TensorForm(None, marks.shape)
    dtype = getattr(torch, marks.dtype.dtype.removeprefix("torch."), None)
    if not isinstance(dtype, torch.dtype):
        raise ServiceError(f"`{marks.dtype.dtype}` is no dtype of torch", hint="a name such as `float32`")
    return TensorForm(dtype, marks.shape)


class TensorInput:
    """One parameter that is a tensor."""

    body_media_type = NPY
    json_type = Any

    def __init__(self, form: TensorForm | None = None) -> None:
        self._arrays = ArrayInput()
        self._form = form or TensorForm()

    def read_decoded(self, value: object, name: str) -> object:
        """The tensor of nested lists, or BadInput."""
        return self._of_json(self._arrays.read_decoded(value, name), name)

    def read_value(self, value: object, name: str) -> object:
        """The tensor itself, or that of an array or of nested lists."""
        if isinstance(value, torch.Tensor):
            return self._form.fit(value, name)
        if isinstance(value, np.ndarray):
            return self._form.fit(_tensor_of(value, name), name)
        return self.read_decoded(value, name)

    def read_json(self, text: bytes, name: str) -> object:
        """The tensor of a JSON text, or BadInput."""
        return self._of_json(self._arrays.read_json(text, name), name)

    def read_form(self, text: bytes, name: str) -> object:
        """As JSON: a tensor has no other spelling."""
        return self.read_json(text, name)

    def read_body(self, body: Body, name: str) -> object:
        """The tensor of an npy file, or BadInput."""
        return self._form.fit(_tensor_of(self._arrays.read_body(body, name), name), name)

    def count_rows(self, body: Body, dim: int) -> int:
        """What the file's header says."""
        return self._arrays.count_rows(body, dim)

    def schema(self) -> JsonSchema:
        """An array of anything, or of the declared form."""
        schema = self._form.of_arrays().schema(TITLE)
        dtype = self._form.dtype
        return schema if dtype is None else {**schema, "x-dtype": str(dtype).removeprefix("torch.")}

    def _of_json(self, array: object, name: str) -> torch.Tensor:
        tensor = _tensor_of(array, name)
        if self._form.dtype is None and tensor.is_floating_point():
            tensor = tensor.to(torch.get_default_dtype())
        return self._form.fit(tensor, name)


class TensorOutput:
    """A result that is a tensor, of whatever device, written as `written` writes an array."""

    body_media_type = NPY

    def __init__(self, written: OutputCodec, form: TensorForm | None = None) -> None:
        self._written = written
        self._form = form or TensorForm()
        self.media_type = written.media_type

    def named(self, media_type: str) -> OutputCodec:
        """As an array of that media type."""
        return TensorOutput(self._written.named(media_type), self._form)

    def encode(self, value: object) -> Payload:
        """The array's body. Raises ServiceError for a result that is not of the declared form."""
        if isinstance(value, torch.Tensor) and not self._form.is_free:
            try:
                value = self._form.fit(value, "the result")
            except BadInput as error:
                raise ServiceError(error.message, hint=error.hint) from error
        return self._written.encode(_array_of(value))

    def plain_rows(self, value: object) -> object:
        """Lists instead of a tensor."""
        return _ARRAYS.plain_rows(_array_of(value)) if self._form.is_free else value

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
