"""The body of a response as a ModelInferResponse: raw where the request was, typed where that was typed."""

from __future__ import annotations

from typing import Any

from ekiben.serving.grpc.messages import MESSAGES
from ekiben.serving.grpc.requests import CONTENTS
from ekiben.serving.oip.response import read_response
from ekiben.serving.wire import Payload


def read_body(payload: Payload, model: str, version: str, *, is_raw: bool) -> Any:
    """The message of a body whose tensors are all binary. FP16 and BF16 are raw in any case, and so all beside them."""
    response = read_response(payload)
    is_raw = is_raw or any(one.datatype not in CONTENTS for one in response.outputs)
    message = MESSAGES["ModelInferResponse"](model_name=model, model_version=version, id=response.id)
    for tensor in response.outputs:
        output = message.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        if is_raw:
            message.raw_output_contents.append(bytes(tensor.packed()))
        else:
            getattr(output.contents, CONTENTS[tensor.datatype]).extend(tensor.unpacked())
    return message
