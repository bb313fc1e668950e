"""joblib's arrays: raw bytes in the middle of a pickle, behind the opcode that completes their wrapper.

joblib's unpickler reads them when it has built a `NumpyArrayWrapper`: a byte that says how many bytes of padding follow
(where the wrapper knows of an alignment), the padding, and `dtype.itemsize * prod(shape)` bytes. An array of objects is
a pickle of its own in the same place. Source: joblib/numpy_pickle.py, `NumpyArrayWrapper.read_array`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ekiben.packager.audit.pickles.limits import Broken
from ekiben.packager.audit.pickles.values import UNKNOWN, Global, Instance, Value

_WRAPPERS = frozenset({"joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"})
_DTYPE = Global("numpy", "dtype")
_KIND = re.compile(r"[|<>=]?(?P<kind>[A-Za-z?])(?P<size>\d{0,18})")
_CHARACTER_BYTES = 4  # of numpy's `U`, whose number counts characters
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class InlineArray:
    """`size_bytes` of raw data, behind padding where `is_aligned`; or a pickle, where it `holds_objects`."""

    size_bytes: int
    is_aligned: bool
    holds_objects: bool


def inline_array(instance: Instance) -> InlineArray | None:
    """What follows when `instance` has its state; None for all but joblib's wrapper. Raises Broken where that cannot be
    told."""
    if instance.callable.name != "NumpyArrayWrapper" or instance.callable.module not in _WRAPPERS:
        return None
    state = instance.state
    if not isinstance(state, dict):
        raise Broken("it has an array of unknown size")
    item = _item_bytes(state.get("dtype", UNKNOWN))
    if item is None:
        return InlineArray(0, is_aligned=False, holds_objects=True)
    is_aligned = isinstance(state.get("numpy_array_alignment_bytes", UNKNOWN), int)
    return InlineArray(item * _count(state.get("shape", UNKNOWN)), is_aligned, holds_objects=False)


def _count(shape: Value) -> int:
    if not isinstance(shape, tuple):
        raise Broken("it has an array of unknown shape")
    lengths = [one for one in shape if isinstance(one, int)]
    count = math.prod(lengths)
    if len(lengths) != len(shape) or any(one < 0 for one in lengths) or count > _LARGEST:
        raise Broken("it has an array of unknown shape")
    return count


def _item_bytes(dtype: Value) -> int | None:
    """The size of one item, None for objects."""
    if not isinstance(dtype, Instance) or dtype.callable != _DTYPE or not isinstance(dtype.arguments, tuple):
        raise Broken("it has an array of unknown type")
    text = dtype.arguments[0] if dtype.arguments else UNKNOWN
    found = _KIND.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise Broken("it has an array of unknown type")
    if found["kind"] == "O":
        return None
    if not found["size"]:
        raise Broken("it has an array of unknown type")
    if found["kind"] == "V" and _has_objects(dtype.state):
        return None
    return int(found["size"]) * (_CHARACTER_BYTES if found["kind"] == "U" else 1)


def _has_objects(state: Value) -> bool:
    """Whether a structured dtype says that it holds objects, or does not say: the flags at its state's end
    (numpy's `NPY_ITEM_HASOBJECT` is the lowest bit)."""
    match state:
        case (_, _, _, _, _, _, _, int() as flags, *_):
            return bool(flags & 1)
        case _:
            return True
