"""The body of a response, as its request asked for it; and the same body taken apart again, for other transports."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from ekiben.errors import BadInput
from ekiben.serving.oip.datatypes import BYTES
from ekiben.serving.oip.elements import texts_of
from ekiben.serving.oip.media import Mark, read_mark
from ekiben.serving.oip.request import BASE64, BINARY_SIZE, CONTENT_TYPE, ResponseWishes
from ekiben.serving.oip.tensors import Tensor
from ekiben.serving.wire import Body, Payload


class _OutputHead(msgspec.Struct, omit_defaults=True):
    name: str
    shape: tuple[int, ...]
    datatype: str
    parameters: dict[str, Any] = {}
    data: list[Any] | msgspec.UnsetType = msgspec.UNSET


class _Head(msgspec.Struct, omit_defaults=True):
    model_name: str
    outputs: list[_OutputHead]
    model_version: str = ""
    id: str = ""


class InferResponse(msgspec.Struct, frozen=True):
    """A response that was read again: its tensors are binary, and views of the body."""

    id: str
    outputs: tuple[Tensor, ...]


def write_response(tensors: Sequence[Tensor], wishes: ResponseWishes) -> Payload:
    """The body. Raises BadInput where a tensor is asked for that there is not."""
    heads: list[_OutputHead] = []
    pieces: list[Body] = []
    for tensor in _chosen(tensors, wishes):
        if wishes.outputs.get(tensor.name, wishes.is_binary):
            raw = tensor.packed()
            pieces.append(raw)
            heads.append(_OutputHead(tensor.name, tensor.shape, tensor.datatype, {BINARY_SIZE: len(raw)}))
        else:
            heads.append(_in_json(tensor))
    head = msgspec.json.encode(_Head(wishes.mark.model, heads, wishes.mark.version, wishes.id))
    if not pieces:
        return Payload(str(Mark()), head)
    return Payload(str(Mark(len(head))), b"".join((head, *pieces)))


def read_response(payload: Payload) -> InferResponse:
    """The tensors of a body that was written all binary."""
    size = read_mark(payload.content_type).header_bytes
    body = memoryview(payload.body)
    at = size or len(body)
    head = msgspec.json.decode(body[:at], type=_Head)
    outputs: list[Tensor] = []
    for one in head.outputs:
        end = at + one.parameters[BINARY_SIZE]
        outputs.append(Tensor(one.name, one.datatype, one.shape, body[at:end]))
        at = end
    return InferResponse(head.id, tuple(outputs))


def _chosen(tensors: Sequence[Tensor], wishes: ResponseWishes) -> Sequence[Tensor]:
    """The tensors that are asked for. The only one that there is takes the only name that is asked for."""
    if not wishes.outputs:
        return tensors
    if len(tensors) == 1 and len(wishes.outputs) == 1:
        return [tensors[0].named(next(iter(wishes.outputs)))]
    by_name = {one.name: one for one in tensors}
    for name in wishes.outputs:
        if name not in by_name:
            given = ", ".join(f"`{one}`" for one in by_name)
            raise BadInput(f"there is no output `{name[:100]}`", hint=f"the outputs are {given}")
    return [by_name[name] for name in wishes.outputs]


def _in_json(tensor: Tensor) -> _OutputHead:
    items = list(tensor.unpacked())
    if tensor.datatype != BYTES:
        return _OutputHead(tensor.name, tensor.shape, tensor.datatype, data=items)
    blobs = [item.encode("utf-8", "surrogatepass") if isinstance(item, str) else item for item in items]
    texts = texts_of(blobs)
    if texts is not None:
        return _OutputHead(tensor.name, tensor.shape, tensor.datatype, data=texts)
    coded = [base64.b64encode(blob).decode("ascii") for blob in blobs]
    return _OutputHead(tensor.name, tensor.shape, tensor.datatype, {CONTENT_TYPE: BASE64}, coded)
