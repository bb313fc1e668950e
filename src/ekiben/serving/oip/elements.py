"""The elements of a tensor: raw bytes, as the binary tensor data extension has them, <-> a flat list of Python values.

Numbers are little-endian and in row-major order, as in memory; a text or blob follows its length in four bytes. JSON
has no NaN and no bytes: `null` among floats is NaN, and bytes that are no UTF-8 are told as base64.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from typing import Any

from ekiben.errors import BadInput
from ekiben.serving.oip.datatypes import BF16, BOOL, BYTES, FP16, Datatype, number_type
from ekiben.serving.wire import Body

_LENGTH = struct.Struct("<I")
_FLOATS = frozenset({FP16, BF16, "FP32", "FP64"})


def unpack(datatype: str, raw: Body) -> list[Any]:
    """The elements: numbers, booleans, or bytes. Raises BadInput where `raw` does not hold whole ones."""
    if datatype == BYTES:
        return split_blobs(raw)
    kind = number_type(datatype)
    if len(raw) % kind.size_bytes:
        raise BadInput(f"{len(raw)} bytes are no whole elements of {datatype}")
    if datatype == BF16:
        return memoryview(widen(raw)).cast("f").tolist()
    if datatype == FP16:
        return list(struct.unpack(f"<{len(raw) // 2}e", raw))
    view = memoryview(raw).cast("B")
    return view.cast("?" if datatype == BOOL else kind.code).tolist()  # type: ignore[call-overload, no-any-return]


def pack(datatype: str, items: Sequence[Any]) -> bytes:
    """The raw bytes of numbers, booleans, texts or bytes. Raises BadInput for what is none, or does not fit."""
    if datatype == BYTES:
        return join_blobs(items)
    kind = number_type(datatype)
    try:
        if datatype == BOOL:
            return _pack_switches(items)
        return _pack_numbers(kind, items)
    except (TypeError, ValueError, OverflowError, struct.error) as error:
        raise BadInput(f"an element is no {datatype}: {error}") from error


def widen(raw: Body) -> bytes:
    """BF16 as FP32: the upper halves of the same numbers."""
    wide = bytearray(2 * len(raw))
    wide[2::4] = raw[0::2]
    wide[3::4] = raw[1::2]
    return bytes(wide)


def narrow(raw: Body) -> bytes:
    """FP32 as BF16, cut off as the protocol's clients do it."""
    halves = bytearray(len(raw) // 2)
    halves[0::2] = raw[2::4]
    halves[1::2] = raw[3::4]
    return bytes(halves)


def split_blobs(raw: Body) -> list[bytes]:
    """The blobs of a BYTES tensor. Raises BadInput where a length leads beyond the end."""
    blobs: list[bytes] = []
    at, end = 0, len(raw)
    while at < end:
        start = at + _LENGTH.size
        if start > end or (stop := start + _LENGTH.unpack_from(raw, at)[0]) > end:
            raise BadInput(f"an element of BYTES ends behind the tensor, at byte {at}")
        blobs.append(bytes(raw[start:stop]))
        at = stop
    return blobs


def join_blobs(items: Sequence[object]) -> bytes:
    """A BYTES tensor of texts and bytes. Raises BadInput for others."""
    pieces: list[bytes] = []
    for item in items:
        if isinstance(item, str):
            item = item.encode("utf-8", "surrogatepass")
        if not isinstance(item, bytes):
            raise BadInput(f"an element of BYTES is a text, not `{item!r:.40}`")
        pieces += (_LENGTH.pack(len(item)), item)
    return b"".join(pieces)


def texts_of(blobs: Sequence[bytes]) -> list[str] | None:
    """The blobs as texts; None where one is no UTF-8."""
    try:
        return [blob.decode() for blob in blobs]
    except UnicodeDecodeError:
        return None


def _pack_switches(items: Sequence[Any]) -> bytes:
    if not all(item is True or item is False or item in (0, 1) for item in items):
        raise ValueError("it is neither true nor false")
    return bytes(map(bool, items))


def _pack_numbers(kind: Datatype, items: Sequence[Any]) -> bytes:
    if kind.name in _FLOATS and None in items:
        items = [float("nan") if item is None else item for item in items]
    if kind.name == FP16:
        return struct.pack(f"<{len(items)}e", *items)
    if kind.name == BF16:
        return narrow(array("f", items).tobytes())
    return array(kind.code, items).tobytes()
