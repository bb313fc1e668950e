"""`JSON`: what is read, what is written, and what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from ekiben.errors import BadInput, ServiceError
from ekiben.io import JSON
from tests.serving.classic.requests import read, read_sent, written


class Item(BaseModel):
    """A model with a field that is checked."""

    price: float
    name: str = "nameless"


@dataclasses.dataclass
class Point:
    """What BentoML's encoder writes, too."""

    x: int


class Shouting(json.JSONEncoder):
    """An encoder of the user's."""

    def default(self, o: object) -> object:
        return str(o).upper()


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_is_read_as_json_whatever_it_says_it_is(media_type: str) -> None:
    assert read(JSON(), b'{"a": [1, null]}', media_type) == {"a": [1, None]}


def test_what_only_pythons_reader_takes_is_read_too() -> None:
    assert read(JSON(), b'{"a": Infinity, "b": 123456789012345678901234567890}') == {
        "a": float("inf"),
        "b": 123456789012345678901234567890,
    }


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_a_body_that_is_no_json_is_a_400(body: bytes) -> None:
    with pytest.raises(BadInput, match="`value`") as caught:
        read(JSON(), body)
    assert caught.value.http_status == 400


def test_a_model_is_made_of_the_body_and_says_what_is_wrong_with_it() -> None:
    assert read(JSON(pydantic_model=Item), b'{"price": 2}') == Item(price=2)
    with pytest.raises(BadInput, match=r"`value\.price`"):
        read(JSON(pydantic_model=Item), b'{"price": "much"}')


def test_another_services_fields_become_the_model() -> None:
    assert read_sent(JSON(pydantic_model=Item), Item(price=2)) == Item(price=2)
    with pytest.raises(BadInput, match="price"):
        read_sent(JSON(pydantic_model=Item), {"price": "much"})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"labels": np.array([1, 2])}, b'{"labels":[1,2]}'),
        (Item(price=1.5), b'{"price":1.5,"name":"nameless"}'),
        ([Point(1)], b'[{"x":1}]'),
        (np.float32(0.5), b"0.5"),
        (None, b""),
        (pd.DataFrame({"a": [1, 2]}), b'{"a":{"0":1,"1":2}}'),
        ({"frame": pd.Series([3])}, b'{"frame":{"0":3}}'),
    ],
)
def test_results_are_written_as_bentoml_writes_them(value: object, text: bytes) -> None:
    assert written(JSON(), value) == text


def test_an_encoder_of_the_users_writes_what_json_does_not_know() -> None:
    assert written(JSON(json_encoder=Shouting), {"a": Point(1)}) == b'{"a":"POINT(X=1)"}'
    with pytest.raises(ServiceError, match="Shouting"):
        written(JSON(json_encoder=Shouting), float("nan"))


def test_a_result_without_a_json_form_is_the_services_fault() -> None:
    with pytest.raises(ServiceError, match="cannot be written"):
        written(JSON(), object())


def test_the_schema_is_the_models_and_the_sample_an_example() -> None:
    described = JSON.from_sample(Item(price=1)).documented()
    assert described["properties"] == Item.model_json_schema()["properties"]
    assert described["examples"] == [{"price": 1.0, "name": "nameless"}]
    assert JSON.from_sample('{"a": 1}').documented() == {"examples": [{"a": 1}]}


@pytest.mark.parametrize("sample", ["{", 3])
def test_a_sample_that_is_none_is_refused(sample: object) -> None:
    with pytest.raises(ServiceError, match="sample"):
        JSON.from_sample(sample)


def test_a_model_that_is_none_is_refused() -> None:
    with pytest.raises(ServiceError, match="pydantic_model"):
        JSON(pydantic_model=dict)  # type: ignore[arg-type]
