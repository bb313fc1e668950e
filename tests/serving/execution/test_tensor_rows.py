"""Torch tensors in batches."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from ekiben.serving.declare.api import api
from ekiben.serving.declare.service import Service, service
from ekiben.serving.wire import JSON, Call, Payload, Reply

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="no torch")

NPY = "application/x-npy"
Run = Callable[..., list[Reply]]


def saved(array: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array))
    return stream.getvalue()


def declared(method: Callable[[Any], Any], seen: list[Any], returns: object, **options: Any) -> Service:
    def run(self: object, x: object) -> object:
        seen.append(x)
        return method(x)

    run.__annotations__.update(x=torch.Tensor, **{"return": returns})
    return service(type("Tensors", (), {"run": api(batchable=True, **options)(run)}))


def call(body: bytes, media_type: str = JSON) -> Call:
    return Call("run", Payload(media_type, body), "r")


@pytest.mark.parametrize("returns", [torch.Tensor, np.ndarray, list[float], Any])
def test_tensors_are_joined_and_split_by_rows(run: Run, returns: object) -> None:
    seen: list[Any] = []
    batched = declared(lambda x: x * 2, seen, returns)
    replies = run(
        batched, [call(b'{"x": [[1.5]]}'), call(b'{"x": [[2], [3.5]]}'), call(saved(np.array([[4]], np.float32)), NPY)]
    )
    assert [one.status for one in replies] == [200] * 3
    assert [msgspec.json.decode(one.payload.body) for one in replies[:2]] == [[[3.0]], [[4.0], [7.0]]]
    assert [tuple(one.shape) for one in seen] == [(4, 1)]


def test_tensors_that_cannot_be_joined_are_called_apart(run: Run) -> None:
    seen: list[Any] = []
    replies = run(declared(lambda x: x, seen, torch.Tensor), [call(b'{"x": [[1.5]]}'), call(b'{"x": [[1, 2]]}')])
    assert [msgspec.json.decode(one.payload.body) for one in replies] == [[[1.5]], [[1, 2]]]
    assert len(seen) == 2


def test_tensors_have_rows_along_any_dimension(run: Run) -> None:
    seen: list[Any] = []
    batched = declared(lambda x: x, seen, torch.Tensor, batch_dim=1)
    replies = run(batched, [call(b'{"x": [[1.5], [2.5]]}'), call(b'{"x": [[3.5, 4.5], [5.5, 6.5]]}')])
    assert [tuple(one.shape) for one in seen] == [(2, 3)]
    assert msgspec.json.decode(replies[1].payload.body) == [[3.5, 4.5], [5.5, 6.5]]


def test_an_output_of_the_wrong_length_says_so(run: Run) -> None:
    (reply,) = run(declared(lambda x: x[:1], [], torch.Tensor), [call(b'{"x": [[1.5], [2.5]]}')])
    assert msgspec.json.decode(reply.payload.body)["error"] == "`run` was given 2 rows and returned 1"
