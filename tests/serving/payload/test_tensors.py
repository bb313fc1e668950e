"""Torch tensors, read and written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import pytest

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.kinds import input_codec
from ekiben.serving.payload.marks import ContentType
from ekiben.serving.payload.npy import NPY
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.wire import JSON, Payload

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="no torch")


def saved(array: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array))
    return stream.getvalue()


def read(text: str) -> Any:
    codec: Any = input_codec(torch.Tensor)
    decoded = codec.read_decoded(msgspec.json.decode(text), "x")
    assert torch.equal(decoded, codec.read_json(text.encode(), "x"))
    return decoded


@pytest.mark.parametrize(
    ("text", "dtype"), [("[[1.5, 2]]", torch.float32), ("[[1, 2]]", torch.int64), ("[[true, false]]", torch.bool)]
)
def test_a_tensor_of_json_is_the_one_that_torch_would_make(text: str, dtype: Any) -> None:
    assert torch.equal(read(text), torch.tensor(msgspec.json.decode(text)))
    assert read(text).dtype is dtype


@pytest.mark.parametrize(("text", "reason"), [('["a"]', "no tensors of <U1"), ("[[1], [2, 3]]", "differ in length")])
def test_what_is_no_tensor_is_refused(text: str, reason: str) -> None:
    codec: Any = input_codec(torch.Tensor)
    with pytest.raises(BadInput, match=reason):
        codec.read_json(text.encode(), "x")


def test_a_file_keeps_its_dtype() -> None:
    codec: Any = input_codec(torch.Tensor)
    assert codec.read_body(saved([1.5]), "x").dtype is torch.float64
    assert codec.count_rows(saved(np.ones((3, 2))), 1) == 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_tensor_is_written_whatever_tracks_it(dtype: Any) -> None:
    tensor = torch.tensor([1.5, 2.0], dtype=dtype, requires_grad=True)
    spec = OutputSpec(torch.Tensor)
    assert spec.encode(tensor) == Payload(JSON, b"[1.5,2.0]")
    assert np.load(io.BytesIO(spec.encode(tensor, Payload(NPY, b"")).body)).tolist() == [1.5, 2.0]
    assert OutputSpec(Annotated[torch.Tensor, ContentType(NPY)]).encode(tensor).content_type == NPY


def test_a_tensor_without_numbers_is_the_services_error() -> None:
    with pytest.raises(ServiceError, match="the tensor cannot be written"):
        OutputSpec(torch.Tensor).encode(torch.ones(2, device="meta"))
