"""`ArgumentReader`: the tensors of an infer request as the arguments of a method.

A tensor goes to the parameter of its name. A frame takes all others, one for each column. Where one parameter is asked
for and one tensor sent, the tensor may have any name; what holds one element may also be a parameter of the request.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

from ekiben.errors import BadInput
from ekiben.serving.oip.datatypes import BYTES
from ekiben.serving.oip.elements import texts_of
from ekiben.serving.oip.request import InferRequest
from ekiben.serving.oip.signature import Form, TensorSpec
from ekiben.serving.oip.tensors import Tensor

_SHOWN = 100  # characters of a tensor's name that an answer repeats
_LIBRARY_MODULES: Mapping[Form, str] = {
    "array": "ekiben.serving.payload.inference.arrays",
    "tensor": "ekiben.serving.payload.inference.tensors",
    "series": "ekiben.serving.payload.inference.frames",
    "frame": "ekiben.serving.payload.inference.frames",
}


class _Library(Protocol):
    """What the module of a library offers."""

    def read_tensor(self, tensor: Tensor) -> object:
        """The library's value of one tensor."""


class _Frames(Protocol):
    """What the module of pandas offers besides."""

    def read_columns(self, tensors: Sequence[Tensor]) -> object:
        """The frame whose columns the tensors are."""


class ValueReader(Protocol):
    """A codec, as far as it is needed here."""

    def read_value(self, value: object, name: str) -> object:
        """The value of one that another service sent as it is, or what a tensor was read as."""


class ArgumentReader:
    """Reads the requests of one API; `codecs` check each value as they do one that another service sends."""

    def __init__(self, specs: Sequence[TensorSpec], codecs: Mapping[str, ValueReader]) -> None:
        self._specs = {one.name: one for one in specs if one.form != "frame"}
        self._frame = next((one for one in specs if one.form == "frame"), None)
        self._codecs = codecs
        required = [one.name for one in specs if one.is_required]
        self._only = required[0] if len(required) == 1 and required[0] in self._specs else None
        if self._only is None and len(self._specs) == 1 and self._frame is None:
            self._only = next(iter(self._specs))

    def read(self, request: InferRequest) -> dict[str, object]:
        """The arguments that the tensors and parameters are. Raises BadInput that names the tensor."""
        inputs = request.inputs
        if len(inputs) == 1 and self._only is not None and inputs[0].name not in self._specs:
            inputs = (inputs[0].named(self._only),)
        columns: list[Tensor] = []
        values: dict[str, object] = {}
        for tensor in inputs:
            spec = self._specs.get(tensor.name)
            if spec is not None and tensor.name not in values:
                values[tensor.name] = self._codecs[tensor.name].read_value(_value_of(tensor, spec), tensor.name)
            elif spec is None and self._frame is not None:
                columns.append(tensor)
            else:
                self._refuse(tensor.name, is_known=spec is not None)
        if columns and self._frame is not None:
            frames = cast(_Frames, importlib.import_module(_LIBRARY_MODULES["frame"]))
            name = self._frame.name
            values[name] = self._codecs[name].read_value(frames.read_columns(columns), name)
        for name, value in request.parameters.items():
            if name not in values and name in self._specs and self._specs[name].form == "scalar":
                values[name] = self._codecs[name].read_value(value, name)
        return values

    def _refuse(self, name: str, *, is_known: bool) -> None:
        if is_known:
            raise BadInput(f"the tensor `{name}` was sent twice")
        known = ", ".join(f"`{one}`" for one in self._specs)
        raise BadInput(f"there is no input `{name[:_SHOWN]}`", hint=f"the inputs are {known}")


def _value_of(tensor: Tensor, spec: TensorSpec) -> object:
    """What the parameter's codec takes: a value of its library, or lists of Python's own."""
    module = _LIBRARY_MODULES.get(spec.form)
    if module is not None:
        return cast(_Library, importlib.import_module(module)).read_tensor(tensor)
    items = _elements(tensor, spec)
    if spec.form == "scalar":
        if tensor.size != 1:
            raise BadInput(f"the tensor `{tensor.name}` has {tensor.size} elements, and one is asked for")
        return items[0]
    return nested(items, _squeezed(tensor.shape, spec.rank))


def nested(items: Sequence[Any], shape: tuple[int, ...]) -> Sequence[Any]:
    """The elements as lists of lists."""
    for axis in range(len(shape) - 1, 0, -1):
        size = shape[axis]
        items = [items[at * size : (at + 1) * size] for at in range(math.prod(shape[:axis]))]
    return items


def _squeezed(shape: tuple[int, ...], rank: int | None) -> tuple[int, ...]:
    """The shape without dimensions of 1 at its end: others send a list of texts as a column, `[n, 1]`."""
    while rank is not None and len(shape) > max(rank, 1) and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _elements(tensor: Tensor, spec: TensorSpec) -> Sequence[Any]:
    items = tensor.unpacked()
    if tensor.datatype != BYTES:
        return items
    if not spec.holds_text:
        return [item.encode() if isinstance(item, str) else item for item in items]
    blobs = [item for item in items if isinstance(item, bytes)]
    texts = texts_of(blobs)
    if texts is None:
        raise BadInput(f"the tensor `{tensor.name}` holds bytes that are no UTF-8")
    return texts if len(blobs) == len(items) else items
