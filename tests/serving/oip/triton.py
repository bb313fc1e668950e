"""What Triton's own client writes and reads, without a connection."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput, InferResult
from tritonclient.utils import np_to_triton_dtype

from ekiben.serving.oip.media import Mark, read_mark
from ekiben.serving.wire import Payload


def triton_input(name: str, array: np.ndarray[Any, Any], *, is_binary: bool = True) -> InferInput:
    """An input of their kind."""
    made = InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    made.set_data_from_numpy(array, binary_data=is_binary)
    return made


def triton_request(
    inputs: Sequence[InferInput], outputs: Sequence[InferRequestedOutput] | None = None, request_id: str = ""
) -> Payload:
    """The body that their client would send."""
    body, header = InferenceServerClient.generate_request_body(inputs, outputs=outputs, request_id=request_id)
    return Payload(str(Mark(header or 0, "iris", "3")), body)


def triton_result(payload: Payload) -> InferResult:
    """What their client makes of a response's body."""
    header = read_mark(payload.content_type).header_bytes or None
    return InferResult.from_response_body(bytes(payload.body), header_length=header)


def head_of(payload: Payload) -> Any:
    """The JSON of a body."""
    return json.loads(bytes(payload.body)[: read_mark(payload.content_type).header_bytes or None])
