"""A ModelInferRequest as the body of an infer request, all tensors binary: what HTTP would bring."""

from __future__ import annotations

from typing import Any

import msgspec

from ekiben.errors import BadInput
from ekiben.serving.oip.elements import pack
from ekiben.serving.oip.request import BINARY_SIZE
from ekiben.serving.wire import Body

# The field of InferTensorContents that has the elements of a datatype; FP16 and BF16 come raw alone.
CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def write_body(message: Any) -> tuple[int, bytes]:
    """The length of the head, and the body. Raises BadInput."""
    raw: list[Body] = list(message.raw_input_contents)
    if raw and len(raw) != len(message.inputs):
        raise BadInput(f"there are {len(message.inputs)} inputs, and {len(raw)} raw contents")
    pieces = raw or [_packed(one) for one in message.inputs]
    head = msgspec.json.encode(
        {
            "id": message.id,
            "parameters": {**_plain(message.parameters), "binary_data_output": True},
            "inputs": [
                {
                    "name": one.name,
                    "datatype": one.datatype,
                    "shape": list(one.shape),
                    "parameters": {**_plain(one.parameters), BINARY_SIZE: len(piece)},
                }
                for one, piece in zip(message.inputs, pieces, strict=True)
            ],
            "outputs": [
                {"name": one.name, "parameters": {**_plain(one.parameters), "binary_data": True}}
                for one in message.outputs
            ],
        }
    )
    return len(head), b"".join((head, *pieces))


def _packed(tensor: Any) -> bytes:
    field = CONTENTS.get(tensor.datatype)
    if field is None:
        raise BadInput(
            f"the tensor `{tensor.name}` of {tensor.datatype[:40]} has no contents", hint="send `raw_input_contents`"
        )
    return pack(tensor.datatype, getattr(tensor.contents, field))


def _plain(parameters: Any) -> dict[str, object]:
    """Parameters as plain values."""
    found: dict[str, object] = {}
    for name, one in parameters.items():
        choice = one.WhichOneof("parameter_choice")
        if choice is not None:
            found[name] = getattr(one, choice)
    return found
