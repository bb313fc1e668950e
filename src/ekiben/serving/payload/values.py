"""`application/x-ekiben-values`: Python values as they are, for calls from one service to another. No pickles.

    "EKV1" · u32 head length · head (msgpack: sizes of the buffers, the tree) · buffers, each on a multiple of 64 bytes

The tree is msgpack: None, booleans, numbers, text, bytes, lists (tuples and sets, too), dictionaries; dataclasses and
pydantic models as dictionaries of their fields. Arrays, tensors, frames, images and files are extensions of it whose
raw bytes are buffers (`value_kinds`). Nothing in it can name code, so it may come from strangers; what is wrong with
such a body is a BadInput. An array read from memory that may be written to is a view of it, and else a copy.
"""

from __future__ import annotations

import importlib
import struct
import types
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import msgspec

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.shared_memory import share
from ekiben.serving.wire import Body, Payload

VALUES = "application/x-ekiben-values"
_MAGIC = b"EKV1"
_PREFIX = struct.Struct("<4sI")
_ALIGN_BYTES = 64  # a cache line: what numpy and torch are quickest with
_PADDING = bytes(_ALIGN_BYTES)

# Extension code -> the module of its kind; imported when the first such value is written or read.
_MODULES = {
    1: "ekiben.serving.payload.value_kinds.arrays",
    2: "ekiben.serving.payload.value_kinds.frames",
    3: "ekiben.serving.payload.value_kinds.tensors",
    4: "ekiben.serving.payload.value_kinds.images",
    5: "ekiben.serving.payload.value_kinds.files",
    6: "ekiben.serving.payload.value_kinds.sparse",
}
# Where the class of a value was written -> extension code.
_CODES = {"numpy": 1, "pandas": 2, "torch": 3, "PIL": 4, "pathlib": 5, "scipy": 6}


class Buffers(Protocol):
    """The raw memory beside a tree."""

    def add(self, buffer: Body) -> int:
        """Writes one more; its index."""

    def __getitem__(self, index: int) -> memoryview:
        """The buffer of that index. Raises IndexError."""


class ValueKind(Protocol):
    """How values of one library are written and read. What is written begins with the value's shape: its rows."""

    def write(self, value: object, buffers: Buffers) -> Sequence[object] | None:
        """The value as plain data, the shape first; None for a type that is not carried."""

    def read(self, data: Sequence[object], buffers: Buffers, folder: RequestFolder | None) -> object:
        """The value of such data. Raises ValueError, TypeError, IndexError or KeyError for data that is none."""


class _Shaped(msgspec.Struct, frozen=True):
    """Stands for an extension of which only the shape is looked at."""

    shape: tuple[int, ...]


_READ_FAILURES = (ValueError, TypeError, LookupError, OverflowError, AttributeError, RecursionError, struct.error)


def _shape_only(_: int, data: memoryview) -> _Shaped:
    plain = msgspec.msgpack.decode(data, ext_hook=_shape_only)
    return _Shaped(tuple(plain[0]))


_SHAPES: msgspec.msgpack.Decoder[object] = msgspec.msgpack.Decoder(ext_hook=_shape_only)


def encode_values(value: object, what: str = "the value") -> Payload:
    """The body that carries `value`. Raises ServiceError, about `what`, where something in it cannot be carried."""
    writer = _Writer()
    try:
        tree = writer.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ServiceError(
            f"{what} cannot be sent to another service: {error}",
            hint="plain data, arrays, frames, tensors, images, files and pydantic models can",
        ) from error
    head = msgspec.msgpack.encode((writer.sizes, msgspec.Raw(tree)))
    pieces: list[Body] = [_PREFIX.pack(_MAGIC, len(head)), head]
    at = _PREFIX.size + len(head)
    for buffer in writer.buffers:
        padding = -at % _ALIGN_BYTES
        pieces += (_PADDING[:padding], buffer)
        at += padding + len(buffer)
    return Payload(VALUES, share(pieces) or b"".join(pieces))


def decode_values(body: Body, folder: RequestFolder | None = None) -> object:
    """What the body carries; files in it are stored in `folder`. Raises BadInput for what is no such body."""
    try:
        tree, buffers = _open(body)
        kinds = _Reader(buffers, folder)
        return msgspec.msgpack.decode(tree, ext_hook=kinds.read, strict=False)
    except (msgspec.MsgspecError, *_READ_FAILURES) as error:
        raise BadInput(f"the body is no `{VALUES}`: {error}") from error
    except ModuleNotFoundError as error:
        raise BadInput(f"the body holds a value of `{error.name}`, which is not installed here") from error


def count_value_rows(body: Body, name: str, dim: int) -> int:
    """How many rows the value of `name`, or else the first, has along `dim`, by the head alone; 1 where that cannot be
    told."""
    try:
        tree, _ = _open(body)
        values = _SHAPES.decode(tree)
        value = values.get(name, next(iter(values.values()), None)) if isinstance(values, dict) else None
        for _ in range(dim):
            if isinstance(value, _Shaped):
                break
            value = cast(Sequence[object], value)[0]
            dim -= 1
        return value.shape[dim] if isinstance(value, _Shaped) else len(cast(Sequence[object], value))
    except (msgspec.MsgspecError, *_READ_FAILURES):
        return 1


def _open(body: Body) -> tuple[memoryview, _Buffers]:
    """The tree, and the buffers behind it. Raises ValueError."""
    view = memoryview(body)
    if len(view) < _PREFIX.size:
        raise ValueError("it is too short")
    magic, size = _PREFIX.unpack_from(view)
    start = _PREFIX.size + size
    if magic != _MAGIC or start > len(view):
        raise ValueError("it does not begin as one")
    sizes, tree = msgspec.msgpack.decode(view[_PREFIX.size : start], type=tuple[list[int], msgspec.Raw])
    return memoryview(tree), _Buffers(view, start, sizes)


class _Buffers:
    """The buffers of a body, found by their sizes."""

    def __init__(self, view: memoryview, start: int, sizes: Sequence[int]) -> None:
        self._found: list[memoryview] = []
        for size in sizes:
            start += -start % _ALIGN_BYTES
            if size < 0 or start + size > len(view):
                raise ValueError("it ends early")
            self._found.append(view[start : start + size])
            start += size
        if start != len(view):
            raise ValueError(f"{len(view) - start} bytes follow it")

    def add(self, buffer: Body) -> int:
        raise TypeError("these are only read")

    def __getitem__(self, index: int) -> memoryview:
        if index < 0:
            raise IndexError("no such buffer")
        return self._found[index]


class _Writer:
    """One encoding, and the buffers that it leaves. In no cycle: what it holds, such as large arrays, goes with it."""

    def __init__(self) -> None:
        self.buffers: list[Body] = []
        self.sizes: list[int] = []

    def add(self, buffer: Body) -> int:
        view = memoryview(buffer)
        view = view.cast("B") if view.nbytes else memoryview(b"")
        self.buffers.append(view)
        self.sizes.append(len(view))
        return len(self.buffers) - 1

    def encode(self, value: object) -> bytes:
        """The tree of the value. Raises TypeError and others for what cannot be carried."""
        return msgspec.msgpack.encode(value, enc_hook=self._extension)

    def __getitem__(self, index: int) -> memoryview:
        return memoryview(self.buffers[index])

    def _extension(self, value: object) -> object:
        """msgspec's: what to write for a value that it does not know."""
        for cls in type(value).__mro__:
            code = _CODES.get(cls.__module__.partition(".")[0])
            if code is not None and (data := _kind(code).write(value, self)) is not None:
                return data[0] if len(data) == 1 else msgspec.msgpack.Ext(code, self.encode(data))
        fields = _fields_of(value)
        if fields is None:
            raise TypeError(f"a `{type(value).__name__}` is not carried")
        return fields


class _Reader:
    """Reads the extensions of one body."""

    def __init__(self, buffers: Buffers, folder: RequestFolder | None) -> None:
        self._buffers = buffers
        self._folder = folder

    def read(self, code: int, data: memoryview) -> object:
        """msgspec's: the value of an extension."""
        if code not in _MODULES:
            raise ValueError(f"it has an extension {code}")
        plain = msgspec.msgpack.decode(data, ext_hook=self.read, strict=False)
        return _kind(code).read(cast(Sequence[object], plain), self._buffers, self._folder)


def _kind(code: int) -> ValueKind:
    return cast(ValueKind, importlib.import_module(_MODULES[code]))


def _fields_of(value: object) -> Mapping[str, object] | None:
    """The fields of a pydantic model by the names that it is validated by; None for other objects."""
    fields = getattr(type(value), "model_fields", None)
    if not isinstance(fields, dict | types.MappingProxyType):
        return None
    found = {_name_of(name, info): getattr(value, name) for name, info in fields.items()}
    return {**found, **(getattr(value, "model_extra", None) or {})}


def _name_of(name: str, info: object) -> str:
    for alias in (getattr(info, "validation_alias", None), getattr(info, "alias", None)):
        if isinstance(alias, str):
            return alias
    return name
