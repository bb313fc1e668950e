"""Tensors as numpy arrays. Loaded where a service names numpy, or returns an array.

numpy has no BF16: such numbers become FP32, whose upper halves they are. Texts become an array of text, bytes that are
no UTF-8 one of objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.oip.datatypes import BF16, BY_DTYPE, BYTES, number_type
from ekiben.serving.oip.elements import texts_of, widen
from ekiben.serving.oip.tensors import Tensor

Array: TypeAlias = "np.ndarray[Any, Any]"

_TIMES = "mM"
_TEXTS = "US"


def read_tensor(tensor: Tensor) -> Array:
    """The array: a view of the body where that may be written to and is aligned, else a copy."""
    try:
        return (_texts(tensor) if tensor.datatype == BYTES else _numbers(tensor)).reshape(tensor.shape)
    except ValueError as error:
        raise BadInput(f"the tensor `{tensor.name}` is no array: {error}") from error


def write_array(name: str, array: Array) -> Tensor:
    """The tensor of an array. Raises ServiceError for a dtype that the protocol does not have."""
    shape = array.shape or (1,)
    if array.dtype.kind in _TIMES:
        array = array.astype(str)
    if array.dtype.kind in _TEXTS:
        return Tensor(name, BYTES, shape, items=array.reshape(-1).tolist())
    datatype = BY_DTYPE.get(array.dtype.name)
    if datatype is None:
        raise ServiceError(f"an array of {array.dtype} is no tensor of the Open Inference Protocol")
    plain = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1)
    return Tensor(name, datatype, shape, plain.view(np.uint8).data)


def stack(items: Sequence[object]) -> Array:
    """One array of several of one shape, or of numbers."""
    try:
        return np.stack([np.asarray(one) for one in items])
    except ValueError as error:
        raise ServiceError(f"the arrays of the result are not of one shape: {error}") from error


def _numbers(tensor: Tensor) -> Array:
    if tensor.datatype == BF16:
        return np.frombuffer(bytearray(widen(tensor.packed())), np.float32)
    dtype = np.dtype(number_type(tensor.datatype).dtype)
    raw = tensor.packed()
    if not len(raw):
        return np.empty(0, dtype)
    array = np.frombuffer(raw, dtype)
    return array if array.flags.writeable and array.flags.aligned else array.copy()


def _texts(tensor: Tensor) -> Array:
    items = tensor.unpacked()
    blobs = [item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item for item in items]
    texts = texts_of(blobs)
    if texts is not None:
        return np.array(texts, dtype=np.str_)
    objects = np.empty(len(blobs), dtype=object)
    objects[:] = blobs
    return objects
