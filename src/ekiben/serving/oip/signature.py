"""The tensors that an API takes and gives, by the JSON Schemas of its parameters and of its result.

    numpy.ndarray, torch.Tensor        one tensor; datatype and shape as far as the annotation tells
    list[float], list[list[int]], ...  one tensor of that rank; Python's float is FP64, int INT64, str and bytes BYTES
    float, int, bool, str, bytes       one tensor of one element; or a parameter of the request
    pandas.Series                      one tensor
    pandas.DataFrame                   a tensor for each column

An API of which any parameter, or the result, is something else is none of the protocol's models. What an annotation
leaves open is said to be open: datatype `UNKNOWN`, dimensions -1, and no outputs where their names are not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from ekiben.serving.oip.datatypes import BY_DTYPE, BYTES, UNKNOWN

Schema: TypeAlias = Mapping[str, Any]
Form: TypeAlias = Literal["array", "tensor", "series", "frame", "list", "scalar"]

OUTPUT = "output-{}"  # MLServer's names of results that have none of their own
ANY = -1

_LEAVES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL", "string": BYTES}
# Titles by which the schemas of libraries' types are known.
ARRAY_TITLE, TENSOR_TITLE, SERIES_TITLE, FRAME_TITLE = (
    "numpy.ndarray",
    "torch.Tensor",
    "pandas.Series",
    "pandas.DataFrame",
)
_LIBRARY_FORMS: Mapping[str, Form] = {ARRAY_TITLE: "array", TENSOR_TITLE: "tensor", SERIES_TITLE: "series"}
_BLOB_FORMATS = frozenset({"binary", "base64", "base64url"})


class TensorSpec(msgspec.Struct, frozen=True):
    """One tensor of an API. `rank` is None where the annotation leaves it open, and then `shape` is `(-1,)`."""

    name: str
    form: Form
    datatype: str = UNKNOWN
    shape: tuple[int, ...] = (ANY,)
    rank: int | None = None
    is_required: bool = True
    holds_text: bool = True  # BYTES as texts; else as bytes
    columns: tuple[str, ...] = ()  # of a frame, where they are known

    @property
    def parts(self) -> tuple[TensorSpec, ...]:
        """The tensors that a client sends or gets of it: itself, or a frame's columns, as far as they are known."""
        if self.form != "frame":
            return (self,)
        return tuple(TensorSpec(column, "series", rank=1, is_required=self.is_required) for column in self.columns)


def read_inputs(schema: Schema, root: str | None = None) -> tuple[TensorSpec, ...] | None:
    """The tensors of a body's schema, `root` the name of the parameter that is the whole body; None: not all are."""
    if root is not None:
        spec = _spec_of(root, schema, is_required=True)
        return None if spec is None else (spec,)
    required = schema.get("required", ())
    specs: list[TensorSpec] = []
    for name, one in schema.get("properties", {}).items():
        spec = _spec_of(name, one, is_required=name in required)
        if spec is None:
            return None
        specs.append(spec)
    frames = sum(spec.form == "frame" for spec in specs)  # which columns were whose could not be told of two
    return tuple(specs) if specs and frames <= 1 else None


def read_outputs(schema: Schema) -> tuple[TensorSpec, ...] | None:
    """The tensors of a result's schema; empty where their names are not known, None where it is no tensors."""
    if not schema:
        return ()
    if _is_frame(schema):
        return TensorSpec("", "frame", columns=_columns_of(schema)).parts
    if schema.get("type") == "object":
        return _fields(schema)
    if "prefixItems" in schema:
        items = [_spec_of(OUTPUT.format(at), one, is_required=True) for at, one in enumerate(schema["prefixItems"])]
        return None if None in items else tuple(one for one in items if one is not None)
    spec = _spec_of(OUTPUT.format(0), schema, is_required=True)
    return None if spec is None else (spec,)


def _fields(schema: Schema) -> tuple[TensorSpec, ...] | None:
    """The tensors of an object: by its properties, or unknown ones of a mapping to tensors."""
    properties = schema.get("properties")
    if not properties:
        others = schema.get("additionalProperties", True)
        return () if others is True or (isinstance(others, Mapping) and _is_tensor(others)) else None
    specs = [_spec_of(name, one, is_required=True) for name, one in properties.items()]
    return None if None in specs else tuple(one for one in specs if one is not None)


def _is_tensor(schema: Schema) -> bool:
    return not schema or _spec_of("", schema, is_required=True) is not None


def _spec_of(name: str, schema: Schema, *, is_required: bool) -> TensorSpec | None:
    plain = _without_null(schema)
    title = str(plain.get("title", ""))
    if _is_frame(plain):
        return TensorSpec(name, "frame", is_required=is_required, columns=_columns_of(plain))
    if title in _LIBRARY_FORMS:
        shape = _declared_shape(plain)
        rank = 1 if title == SERIES_TITLE else None if shape is None else len(shape)
        datatype = _datatype_of(plain)
        return TensorSpec(name, _LIBRARY_FORMS[title], datatype, shape or (ANY,), rank, is_required)
    rank = 0
    while plain.get("type") == "array" and "prefixItems" not in plain:
        rank += 1
        plain = plain.get("items") or {}
    if not plain and rank:
        return TensorSpec(name, "list", is_required=is_required)
    kind = plain.get("type")
    if not isinstance(kind, str) or kind not in _LEAVES:
        return None
    holds_text = plain.get("format") not in _BLOB_FORMATS
    shape = (ANY,) * rank if rank else (1,)
    form: Form = "list" if rank else "scalar"
    return TensorSpec(name, form, _LEAVES[kind], shape, rank, is_required, holds_text)


def _without_null(schema: Schema) -> Schema:
    """`X` of `X | None`."""
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return options[0] if len(options) == 1 else schema


def _is_frame(schema: Schema) -> bool:
    return any(str(one.get("title", "")).startswith(FRAME_TITLE) for one in (schema, *schema.get("anyOf", ())))


def _columns_of(schema: Schema) -> tuple[str, ...]:
    """The columns of a frame that is described by its rows, or by its columns."""
    for one in (schema, *schema.get("anyOf", ())):
        described = one.get("items", one)
        if described.get("properties"):
            return tuple(described["properties"])
    return ()


def _datatype_of(schema: Schema) -> str:
    dtype = str(schema.get("x-dtype", ""))
    return BYTES if dtype.startswith(("<U", "|S", "str", "bytes")) else BY_DTYPE.get(dtype, UNKNOWN)


def _declared_shape(schema: Schema) -> tuple[int, ...] | None:
    declared = schema.get("x-shape")
    if not isinstance(declared, list | tuple):
        return None
    return tuple(one if isinstance(one, int) and one >= 0 else ANY for one in declared)
