"""The body of an infer request: its tensors, and what it asks of the response."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ekiben.errors import BadInput
from ekiben.serving.oip.datatypes import BYTES, number_type
from ekiben.serving.oip.media import Mark, read_mark
from ekiben.serving.oip.tensors import Tensor
from ekiben.serving.wire import Body, Payload

Parameters = Mapping[str, Any]

BINARY_SIZE = "binary_data_size"
CONTENT_TYPE, BASE64 = "content_type", "base64"  # MLServer's convention for bytes in JSON
_NOT_HERE = {
    "shared_memory_region": "send the tensor itself: no memory is shared with clients",
    "classification": "ask for the tensor itself: labels are the service's to give",
}
_SHAPE = re.compile(rb'"shape"\s*:\s*\[([\d,\s]*)\]')
_LOOKED_BYTES = 64 * 1024  # of a head, at either end: a shape stands before or behind its elements


class _InputHead(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] = {}
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _OutputHead(msgspec.Struct):
    name: str
    parameters: dict[str, Any] = {}


class _Wishes(msgspec.Struct):
    id: str = ""
    parameters: dict[str, Any] = {}
    outputs: list[_OutputHead] = []


class _Head(_Wishes, kw_only=True):
    inputs: list[_InputHead]


_READ_HEAD = msgspec.json.Decoder(_Head).decode
_READ_WISHES = msgspec.json.Decoder(_Wishes).decode


class InferRequest(msgspec.Struct, frozen=True):
    """What a model is asked: tensors in the order in which they were sent, and parameters."""

    inputs: tuple[Tensor, ...]
    parameters: Parameters


class ResponseWishes(msgspec.Struct, frozen=True):
    """What the response shall be: `outputs` maps the names of tensors to whether each is binary.

    None of them named: all, and `is_binary` says how.
    """

    mark: Mark
    id: str
    outputs: Mapping[str, bool]
    is_binary: bool


def read_request(payload: Payload) -> InferRequest:
    """The tensors of the body; the elements of binary ones are views of it. Raises BadInput that names the tensor."""
    head_bytes, rest = _parts(payload)
    head: _Head = _read(_READ_HEAD, head_bytes)
    inputs: list[Tensor] = []
    at = 0
    for one in head.inputs:
        _refuse_foreign(one.parameters, one.name)
        size = one.parameters.get(BINARY_SIZE)
        if size is None:
            inputs.append(_from_json(one))
            continue
        if not isinstance(size, int) or not 0 <= size <= len(rest) - at:
            raise BadInput(f"the tensor `{one.name}` has no {size} bytes behind the head")
        inputs.append(Tensor(one.name, one.datatype, tuple(one.shape), rest[at : at + size]).checked())
        at += size
    if at != len(rest):
        raise BadInput(f"{len(rest) - at} bytes follow the last tensor")
    return InferRequest(tuple(inputs), head.parameters)


def read_wishes(payload: Payload) -> ResponseWishes:
    """What the request says about its response. Raises BadInput."""
    head_bytes, _ = _parts(payload)
    head: _Wishes = _read(_READ_WISHES, head_bytes)
    is_binary = head.parameters.get("binary_data_output") is True
    for one in head.outputs:
        _refuse_foreign(one.parameters, one.name)
    outputs = {one.name: one.parameters.get("binary_data", is_binary) is True for one in head.outputs}
    return ResponseWishes(read_mark(payload.content_type), head.id, outputs, is_binary)


def count_tensor_rows(payload: Payload, dim: int) -> int:
    """How many rows the first tensor says to have along `dim`, without reading the head; 1 where that is not seen."""
    end = _header_bytes(payload) or len(payload.body)
    found = _SHAPE.search(bytes(payload.body[: min(end, _LOOKED_BYTES)]))
    if found is None and end > _LOOKED_BYTES:
        found = _SHAPE.search(bytes(payload.body[max(0, end - _LOOKED_BYTES) : end]))
    sizes = [size for size in found[1].split(b",") if size.strip()] if found is not None else []
    return int(sizes[dim]) if dim < len(sizes) and len(sizes[dim]) < _MAX_DIGITS else 1


_MAX_DIGITS = 12  # of a dimension, when it is only looked at


def _header_bytes(payload: Payload) -> int:
    try:
        return read_mark(payload.content_type).header_bytes
    except BadInput:
        return 0


def _parts(payload: Payload) -> tuple[Body, memoryview]:
    size = read_mark(payload.content_type).header_bytes
    body = memoryview(payload.body)
    if size > len(body):
        raise BadInput(f"the head is said to have {size} bytes, and the body has {len(body)}")
    return (body[:size], body[size:]) if size else (body, body[:0])


def _read(read: Any, head: Body) -> Any:
    try:
        return read(head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"the body is no inference request: {error}") from error


def _refuse_foreign(parameters: Parameters, name: str) -> None:
    for key, hint in _NOT_HERE.items():
        if parameters.get(key):
            raise BadInput(f"`{key}` of the tensor `{name}` is not acted on", hint=hint)


def _from_json(one: _InputHead) -> Tensor:
    if one.data is msgspec.UNSET:
        raise BadInput(f"the tensor `{one.name}` has neither `data` nor `{BINARY_SIZE}`")
    if one.datatype != BYTES:
        number_type(one.datatype)
    try:
        data: object = msgspec.json.decode(one.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"the tensor `{one.name}`: {error}") from error
    items = _flat(data if isinstance(data, list) else [data])
    if one.datatype == BYTES and one.parameters.get(CONTENT_TYPE) == BASE64:
        items = _from_base64(items, one.name)
    return Tensor(one.name, one.datatype, tuple(one.shape), items=items).checked()


def _flat(data: list[Any]) -> list[Any]:
    """The elements in row-major order, whether they came nested or flat."""
    while data and isinstance(data[0], list):
        if not all(isinstance(one, list) for one in data):
            raise BadInput("the nested lists of a tensor differ in depth")
        data = [item for row in data for item in row]
    return data


def _from_base64(items: Sequence[object], name: str) -> list[bytes]:
    try:
        return [base64.b64decode(str(item), validate=True) for item in items]
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"the tensor `{name}` is no base64: {error}") from error
