"""What a client has to know of an API's values, in the words of `/schema.json`, which BentoML's clients read, too.

    {"type": "tensor", "format": "numpy-array" | "torch-tensor", "dtype": ...}      an array
    {"type": "dataframe", "orient": "records"}                                      a frame
    {"type": "file"}, with `"pil": true` for an image                               an upload, or a file that comes back
    {"type": "string"}, with `"format": "binary"` for bytes                         the body as it is, no JSON
    "root_input": true                                                              the whole body is the one value
    "is_stream": true                                                               the body comes in pieces

These types are BentoML's, and none of JSON Schema's; `/docs.json` says the same to other tools. Everything else is the
JSON Schema that it is, with what it refers to written in its place, since those clients look no further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from ekiben.serving.payload.files import BINARY
from ekiben.serving.payload.input import InputSpec
from ekiben.serving.payload.multipart import MULTIPART
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.payload.schemas import DEFINITIONS, LOCAL, JsonSchema
from ekiben.serving.payload.stream import StreamSpec

FRAME: JsonSchema = {"type": "dataframe", "orient": "records"}
_TITLED: dict[object, JsonSchema] = {
    "numpy.ndarray": {"type": "tensor", "format": "numpy-array"},
    "torch.Tensor": {"type": "tensor", "format": "torch-tensor"},
    "pandas.DataFrame, records": FRAME,
    "pathlib.Path": {"type": "file", "format": "binary"},
    "PIL.Image": {"type": "file", "format": "image", "pil": True},
}
_FILE: JsonSchema = {"type": "file", "format": "binary"}
_NULL: JsonSchema = {"type": "null"}
_DTYPE = re.compile(r"[a-z]+[0-9]*")  # a name that numpy has
_DEEP = 8  # levels of schemas within schemas that are looked at


def input_types(spec: InputSpec) -> JsonSchema:
    """The parameters of an API."""
    schema = spec.json_schema()
    takes_files = MULTIPART in spec.media_types
    if spec.root is not None:
        return {**_translated(schema, _definitions(schema), takes_files=True), "root_input": True}
    properties = cast(Mapping[str, JsonSchema], schema.get("properties", {}))
    found = {name: _translated(one, _definitions(schema), takes_files) for name, one in properties.items()}
    return {**schema, "properties": found}


def output_types(spec: OutputSpec | StreamSpec) -> JsonSchema:
    """The result of an API."""
    plain = spec.json_schema()
    schema = _translated(plain, _definitions(plain), takes_files=False)
    is_json = spec.media_type.partition(";")[0].endswith("json")
    if is_json and schema.get("type") == "string" and isinstance(spec, OutputSpec):
        schema = {"anyOf": [schema]}  # a string of JSON: the bare one says that the body is the text
    stream: JsonSchema = {"is_stream": True} if isinstance(spec, StreamSpec) else {}
    return {**schema, **stream, "media_type": spec.media_type, "x-content-type": spec.media_type}


def _definitions(schema: JsonSchema) -> Mapping[str, JsonSchema]:
    return cast(Mapping[str, JsonSchema], schema.get(DEFINITIONS, {}))


def _translated(
    schema: JsonSchema, definitions: Mapping[str, JsonSchema], takes_files: bool, deep: int = 0
) -> JsonSchema:
    """The schema in those words; what it refers to is put in its place, down to where it is too deep."""
    if deep > _DEEP:
        return schema
    target = str(schema.get("$ref", "")).removeprefix(LOCAL)
    if target in definitions:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**_translated(definitions[target], definitions, takes_files, deep + 1), **rest}
    named = _named(schema, takes_files)
    if named is not None:
        return named
    found = dict(schema)
    if isinstance(schema.get("items"), dict):
        found["items"] = _translated(cast(JsonSchema, schema["items"]), definitions, takes_files, deep + 1)
    if isinstance(schema.get("properties"), dict):
        properties = cast(Mapping[str, JsonSchema], schema["properties"])
        found["properties"] = {
            name: _translated(one, definitions, takes_files, deep + 1) for name, one in properties.items()
        }
    return found


def _named(schema: JsonSchema, takes_files: bool) -> JsonSchema | None:
    """What is called otherwise: arrays, frames, files, and each of them where it may be null; None for all else."""
    default = {"default": schema["default"]} if "default" in schema else {}
    if schema.get("title") in _TITLED:
        dtype = str(schema.get("x-dtype", ""))
        return {**_TITLED[schema["title"]], **({"dtype": dtype} if _DTYPE.fullmatch(dtype) else {}), **default}
    if takes_files and {key: schema.get(key) for key in BINARY} == BINARY:
        return {**_FILE, **default}
    choices = schema.get("anyOf")
    if isinstance(choices, list) and len(choices) == 2:
        first = _named(cast(JsonSchema, choices[0]), takes_files)
        if first is not None and (choices[1] == _NULL or first["type"] == FRAME["type"]):
            return {**first, **default}
    return None
