"""Numpy arrays as numpy's own files, `application/x-npy`: a short text header and the raw numbers. No pickles.

Source: the `.npy` format, `numpy.lib.format`. The header is picked apart here rather than evaluated as Python, as numpy
does it: it comes from strangers. Arrays of objects and records have no place in it. Loaded only where a service names
numpy.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.wire import Body

NPY = "application/x-npy"
_MAGIC = b"\x93NUMPY"
_PREFIX_BYTES = {1: 10, 2: 12, 3: 12}  # by version of the format: magic, version, and the header's length in 2 or 4
_MAX_HEADER_BYTES = 4096  # numpy writes 118
_DTYPE = re.compile(rb"'descr'\s*:\s*'([<>|=]?[biufU?]\d*)'")
_ORDER = re.compile(rb"'fortran_order'\s*:\s*(True|False)")
_SHAPE = re.compile(rb"'shape'\s*:\s*\(([\d,\s]*)\)")


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the numbers, which begin at `offset`."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_fortran: bool
    offset: int


def read_header(body: Body) -> Header:
    """The header of an array's file. Raises ValueError, in words, for another file or another kind of array."""
    start = bytes(body[: _MAX_HEADER_BYTES + max(_PREFIX_BYTES.values())])
    prefix = _PREFIX_BYTES.get(start[6]) if start.startswith(_MAGIC) and len(start) > 6 else None
    if prefix is None:
        raise ValueError("it does not begin as an npy file does")
    offset = prefix + int.from_bytes(start[8:prefix], "little")
    if offset > len(start):
        raise ValueError("its header is longer than it may be, or than the body")
    text = start[prefix:offset]
    dtype, order, shape = (pattern.search(text) for pattern in (_DTYPE, _ORDER, _SHAPE))
    if dtype is None or order is None or shape is None:
        raise ValueError("its header tells no dtype of numbers or text, no order or no shape")
    sizes = tuple(int(size) for size in shape[1].split(b",") if size.strip())
    if any(size > len(body) for size in sizes):  # an array of no numbers may say any shape beside its zero
        raise ValueError(f"its header says a shape of {sizes}")
    return Header(np.dtype(dtype[1].decode()), sizes, order[1] == b"True", offset)


def read_array(body: Body, name: str) -> np.ndarray[Any, Any]:
    """The array, its own and not a view of the body, in the machine's byte order. Raises BadInput."""
    try:
        header = read_header(body)
        numbers = np.frombuffer(body, header.dtype, math.prod(header.shape), header.offset)
        size_bytes = header.offset + numbers.nbytes
        array = numbers.reshape(header.shape, order="F" if header.is_fortran else "C")
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInput(f"`{name}` is no array that can be read: {error}") from error
    if size_bytes != len(body):
        raise BadInput(f"`{name}`: {len(body) - size_bytes} bytes follow the array of shape {header.shape}")
    return array.astype(header.dtype.newbyteorder("="))


def write_array(array: np.ndarray[Any, Any]) -> bytes:
    """The array's file. Raises ServiceError for an array of objects or records."""
    if array.dtype.kind not in "biufU":
        raise ServiceError(f"an array of {array.dtype} cannot be written as `{NPY}`")
    stream = io.BytesIO()
    array = np.ascontiguousarray(array) if array.ndim else array
    np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(array))
    return b"".join((stream.getvalue(), array.reshape(-1).view(np.uint8).data))
