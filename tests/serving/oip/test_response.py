"""Responses: Triton's client reads them as they were meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from ekiben.errors import BadInput
from ekiben.serving.oip.media import Mark
from ekiben.serving.oip.request import ResponseWishes
from ekiben.serving.oip.response import read_response, write_response
from ekiben.serving.oip.tensors import Tensor
from ekiben.serving.payload.inference.arrays import write_array
from tests.serving.oip.test_request import ARRAYS
from tests.serving.oip.triton import head_of, triton_result

MARK = Mark(0, "iris", "3")
BINARY = ResponseWishes(MARK, "r-1", {}, is_binary=True)
TEXT = ResponseWishes(MARK, "", {}, is_binary=False)


@given(ARRAYS)
def test_their_client_reads_the_array_from_raw_bytes_and_from_json(array: np.ndarray[Any, Any]) -> None:
    tensors = [write_array("y", array)]
    np.testing.assert_array_equal(triton_result(write_response(tensors, BINARY)).as_numpy("y"), array)
    if not np.isinf(array.astype(np.float64)).any():
        np.testing.assert_array_equal(triton_result(write_response(tensors, TEXT)).as_numpy("y"), array)


@given(ARRAYS)
def test_a_binary_response_is_read_again_as_it_was(array: np.ndarray[Any, Any]) -> None:
    response = read_response(write_response([write_array("y", array), write_array("z", array)], BINARY))
    assert response.id == "r-1"
    assert [(one.name, one.shape, bytes(one.packed())) for one in response.outputs] == [
        (name, array.shape, array.tobytes()) for name in "yz"
    ]


def test_a_response_repeats_model_version_and_id() -> None:
    head = head_of(write_response([Tensor("y", "INT64", (1,), items=[7])], BINARY))
    assert (head["model_name"], head["model_version"], head["id"]) == ("iris", "3", "r-1")
    assert "id" not in head_of(write_response([Tensor("y", "INT64", (1,), items=[7])], TEXT))


def test_only_the_outputs_that_are_asked_for_are_sent_each_in_its_form() -> None:
    tensors = [Tensor(name, "INT64", (1,), items=[7]) for name in "abc"]
    result = triton_result(write_response(tensors, ResponseWishes(MARK, "", {"c": True, "a": False}, is_binary=False)))
    assert [(one["name"], "data" in one) for one in result.get_response()["outputs"]] == [("c", False), ("a", True)]
    assert result.as_numpy("c").tolist() == result.as_numpy("a").tolist() == [7]


def test_an_output_that_there_is_not_is_refused() -> None:
    tensors = [Tensor(name, "INT64", (1,), items=[7]) for name in "ab"]
    with pytest.raises(BadInput, match="no output `c`"):
        write_response(tensors, ResponseWishes(MARK, "", {"c": True}, is_binary=False))


def test_the_only_output_goes_by_the_name_that_was_asked_for() -> None:
    wishes = ResponseWishes(MARK, "", {"OUTPUT0": True}, is_binary=True)
    assert triton_result(write_response([Tensor("output-0", "BOOL", (1,), items=[True])], wishes)).as_numpy("OUTPUT0")


def test_texts_are_texts_in_json_and_other_bytes_base64() -> None:
    texts, blobs = Tensor("t", "BYTES", (2,), items=["é", b"a"]), Tensor("b", "BYTES", (1,), items=[b"\xff"])
    first, second = head_of(write_response([texts, blobs], TEXT))["outputs"]
    assert (first["data"], second["data"], second["parameters"]) == (["é", "a"], ["/w=="], {"content_type": "base64"})
    read = triton_result(write_response([texts, blobs], BINARY))
    assert (read.as_numpy("t").tolist(), read.as_numpy("b").tolist()) == (["é".encode(), b"a"], [b"\xff"])


def test_what_is_no_number_is_null_in_json_and_itself_in_bytes() -> None:
    tensor = write_array("y", np.array([np.nan, 1.0]))
    assert head_of(write_response([tensor], TEXT))["outputs"][0]["data"] == [None, 1.0]
    assert np.isnan(triton_result(write_response([tensor], TEXT)).as_numpy("y")[0])
    assert np.isnan(triton_result(write_response([tensor], BINARY)).as_numpy("y")[0])
