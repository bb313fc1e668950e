"""Annotation -> codec: the one place that knows every kind of value.

The codecs of numpy, torch, pandas and PIL are in modules of their own, imported when an annotation names a type of that
library: a service that uses none of them needs none of them installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, cast, get_args, get_origin

import msgspec

from ekiben.errors import ServiceError
from ekiben.serving.payload.annotations import content_type_of, optional_item, without_metadata
from ekiben.serving.payload.codec import FileCodec, OutputCodec, ValueCodec
from ekiben.serving.payload.files import FileInput, FileList, FileOutput
from ekiben.serving.payload.json_values import JsonInput, JsonOutput, output_schema
from ekiben.serving.payload.marks import Marks, marks_of
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.payload.text import RawOutput

_LIBRARIES = {
    "numpy": "ekiben.serving.payload.arrays",
    "pandas": "ekiben.serving.payload.frames",
    "PIL": "ekiben.serving.payload.images",
    "torch": "ekiben.serving.payload.tensors",
}
_LISTS = (list, Sequence)
_BATCH_CLASSES = frozenset({("numpy", "ndarray"), ("torch", "Tensor"), ("pandas", "DataFrame"), ("pandas", "Series")})
_MANY_DIMENSIONS = frozenset({"numpy", "torch"})


class _Library(Protocol):
    """What the codec module of a library offers; None where the type is none that it reads or writes."""

    def input_codec(self, annotation: object, marks: Marks) -> ValueCodec | FileCodec | None:
        """Reads a parameter. Raises ServiceError for marks that it cannot hold a value to."""

    def output_codec(self, annotation: object, marks: Marks) -> OutputCodec | None:
        """Writes a result. Raises the same."""


class OptionalValue:
    """A parameter that may also be `null`: `numpy.ndarray | None`."""

    def __init__(self, item: ValueCodec) -> None:
        self._item = item
        self.json_type = Any if item.json_type is Any else msgspec.Raw

    def read_decoded(self, value: object, name: str) -> object:
        """None for `null`, else what the item's codec reads."""
        if isinstance(value, msgspec.Raw):
            return self.read_json(bytes(value), name)
        return None if value is None else self._item.read_decoded(value, name)

    def read_json(self, text: bytes, name: str) -> object:
        """None for `null`, else what the item's codec reads."""
        return None if text.strip() == b"null" else self._item.read_json(text, name)

    def read_form(self, text: bytes, name: str) -> object:
        """None for `null`, else what the item's codec reads."""
        return None if text.strip() == b"null" else self._item.read_form(text, name)

    def read_value(self, value: object, name: str) -> object:
        """None as it is, else what the item's codec reads."""
        return None if value is None else self._item.read_value(value, name)

    def schema(self) -> JsonSchema:
        """The item's, or null."""
        return {"anyOf": [self._item.schema(), {"type": "null"}]}


def input_codec(annotation: object) -> ValueCodec | FileCodec:
    """The codec of a parameter annotated so. Raises ServiceError for a type that no request can carry."""
    item = optional_item(without_metadata(annotation))
    if item is not None and (inner := _special_input(item)) is not None:
        return inner if isinstance(inner, FileCodec) else OptionalValue(inner)
    special = _special_input(annotation)
    if special is None:
        marks_of(annotation).check_only(without_metadata(annotation), "content_type")
    return special or JsonInput(annotation)


def output_codec(annotation: object) -> OutputCodec:
    """The codec of a result annotated so."""
    plain, marks, content_type = without_metadata(annotation), marks_of(annotation), content_type_of(annotation)
    if content_type is not None and plain in (str, bytes):
        return RawOutput(content_type)
    codec = _library_output(plain, marks)
    if codec is None:
        marks.check_only(plain, "content_type")
        codec = FileOutput() if plain is Path else JsonOutput(output_schema(annotation))
    return codec if content_type is None else codec.named(content_type)


def is_batch_type(annotation: object) -> bool:
    """Whether values of the type can be joined and split by rows: lists, arrays, tensors, frames, series."""
    plain = without_metadata(annotation)
    origin = get_origin(plain) or plain
    return origin in _LISTS or (_top_module(origin), getattr(origin, "__name__", "")) in _BATCH_CLASSES


def joins_along(annotation: object, dimension: int) -> bool:
    """Whether values of the type have `dimension`: arrays and tensors any, others 0; anything goes where not said."""
    plain = without_metadata(annotation)
    origin = get_origin(plain) or plain
    return dimension == 0 or plain is Any or _top_module(origin) in _MANY_DIMENSIONS


def _special_input(annotation: object) -> ValueCodec | FileCodec | None:
    """The codec of a type that is not pydantic's to read."""
    plain, marks = without_metadata(annotation), marks_of(annotation)
    if plain is Path:
        marks.check_only(plain, "content_type")
        return FileInput(marks)
    if get_origin(plain) in _LISTS:
        (item,) = get_args(plain)
        inner = _special_input(item)
        if inner is None:
            return None
        if isinstance(inner, FileCodec):
            return FileList(inner)
        raise ServiceError(
            f"`{annotation}` cannot be read from a request", hint=f"take `{item}` itself: it is a list already"
        )
    library = _library(plain)
    return library.input_codec(plain, marks) if library else None


def _library_output(annotation: object, marks: Marks) -> OutputCodec | None:
    library = _library(annotation)
    return library.output_codec(annotation, marks) if library else None


def _library(annotation: object) -> _Library | None:
    module = _LIBRARIES.get(_top_module(get_origin(annotation) or annotation))
    return cast(_Library, importlib.import_module(module)) if module else None


def _top_module(annotation: object) -> str:
    return str(getattr(annotation, "__module__", "")).partition(".")[0]
