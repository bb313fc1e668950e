"""Values as JSON, on the way out."""

import datetime
import decimal
import enum
import math
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, Field

from ekiben.errors import ServiceError
from ekiben.serving.payload.json_values import encode_json, json_default, output_schema


class Colour(enum.Enum):
    RED = "red"


class Item(BaseModel):
    price: float = Field(serialization_alias="cost")


@dataclass
class Point:
    x: int
    y: np.ndarray[Any, Any]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("é", '"é"'),
        (1.5, "1.5"),
        (math.nan, "null"),
        (math.inf, "null"),
        ([1, (2, 3)], "[1,[2,3]]"),
        ({"a": 1, 2: "b"}, '{"a":1,"2":"b"}'),
        (b"\xff\xfe", '"//4="'),
        (Colour.RED, '"red"'),
        (datetime.datetime(2020, 1, 2), '"2020-01-02T00:00:00"'),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (decimal.Decimal("1.50"), '"1.50"'),
        (Item(price=1.0), '{"cost":1.0}'),
        ([Item(price=math.nan)], '[{"cost":null}]'),
        (Point(1, np.array([2])), '{"x":1,"y":[2]}'),
        (np.float32(0.5), "0.5"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        (np.str_("a"), '"a"'),
        (np.array([[1.0, np.nan]]), "[[1.0,null]]"),
        (np.array(5), "5"),
        (np.array(["2020-01-02"], dtype="datetime64[s]"), '["2020-01-02T00:00:00"]'),
        ({"scores": np.array([1, 2])}, '{"scores":[1,2]}'),
        (pd.Series([1, None]), "[1.0,null]"),
        (pd.Index([1, 2]), "[1,2]"),
        (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), '[{"a":1,"b":"x"},{"a":2,"b":null}]'),
        (
            pd.DataFrame({"t": pd.Series([pd.Timestamp("2020-01-02"), pd.NaT])}),
            '[{"t":"2020-01-02T00:00:00"},{"t":null}]',
        ),
        (pd.Series([1, None], dtype="Int64"), "[1,null]"),
    ],
    ids=str,
)
def test_results_are_written_by_what_they_are(value: object, text: str) -> None:
    assert encode_json(value).decode() == text


@pytest.mark.parametrize("value", [object(), Path("/etc"), 1j, (x for x in "ab"), {(1, 2): 3}, int, print])
def test_what_has_no_json_form_is_an_error_that_says_so(value: object) -> None:
    with pytest.raises(ServiceError, match="cannot be written as JSON"):
        encode_json(value)


def test_a_value_that_holds_itself_is_an_error_and_no_crash() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ServiceError, match="cannot be written as JSON"):
        encode_json(value)


def test_a_result_type_that_pydantic_does_not_know_has_an_open_schema() -> None:
    assert output_schema(dict[str, np.ndarray[Any, Any]]) == {}
    assert output_schema(list[int]) == {"type": "array", "items": {"type": "integer"}}


def test_defaults_are_written_the_same_every_time() -> None:
    assert json_default({"b", "a"}) == ["a", "b"]
    assert json_default(None) is None
