"""`input_spec` and `output_spec`: what a method takes and gives, said beside its signature."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pytest
from pydantic import BaseModel, Field, model_validator

import ekiben
from ekiben.errors import BadInput, ServiceError
from ekiben.serving.declare.service import service
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import encode_values
from ekiben.serving.wire import JSON, Payload
from ekiben.validators import Shape


class Range(BaseModel):
    low: int = 0
    high: int = Field(gt=0)

    @model_validator(mode="after")
    def is_ordered(self) -> Range:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Rows(ekiben.IODescriptor):
    rows: Annotated[np.ndarray, Shape((-1, 2))]
    factor: float = 2.0


class Total(BaseModel):
    total: float


class Spec:
    @ekiben.api(input_spec=Range, output_spec=Total)
    def width(self, **params: Any) -> Any:
        return {"total": params["high"] - params["low"]}

    @ekiben.api(input_spec=Rows)
    def scaled(self, rows: np.ndarray, factor: float) -> Any:
        return rows * factor

    @ekiben.api(input_spec=Rows)
    def open(self, ctx: ekiben.Context, **params: Any) -> float:
        return float(params["rows"].sum() * params["factor"])


SPEC = service(Spec)


def arguments(api: str, body: bytes, content_type: str = JSON) -> dict[str, object]:
    with RequestFolder() as folder:
        return SPEC.endpoints[api].input.decode(Payload(content_type, body), folder)


def test_a_model_is_validated_whole_and_its_fields_are_the_arguments() -> None:
    assert arguments("width", b'{"high": 3}') == {"low": 0, "high": 3}
    assert SPEC.endpoints["width"].input.root is None
    sent = encode_values({"high": 4})
    assert arguments("width", bytes(sent.body), sent.content_type) == {"low": 0, "high": 4}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"low": 5, "high": 3}', "low is above high"),
        (b'{"high": 0}', "`body.high`: input should be greater than 0"),
        (b"[]", "`body`"),
    ],
)
def test_what_the_model_does_not_take_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        arguments("width", body)


def test_a_model_with_arrays_is_read_field_by_field() -> None:
    found = arguments("scaled", b'{"rows": [[1, 2]]}')
    assert isinstance(found["rows"], np.ndarray)
    assert found["factor"] == 2.0
    with pytest.raises(BadInput, match="`rows`: the shape is"):
        arguments("scaled", b'{"rows": [[1, 2, 3]]}')
    assert set(arguments("open", b'{"rows": [[1, 2]]}')) == {"rows", "factor"}


def test_documents_show_the_specs() -> None:
    width = SPEC.endpoints["width"]
    schema: Any = width.input.json_schema()
    assert set(schema["properties"]) == {"low", "high"}
    output: Any = width.output.json_schema()
    assert set(output["properties"]) == {"total"}


def test_a_spec_that_is_no_model_is_refused() -> None:
    with pytest.raises(ServiceError, match="`input_spec` is a pydantic model"):
        ekiben.api(input_spec=dict)(lambda self: None)


def test_validators_that_could_not_be_run_are_refused() -> None:
    class Checked(ekiben.IODescriptor):
        rows: np.ndarray

        @model_validator(mode="after")
        def check(self) -> Checked:
            return self

    with pytest.raises(ServiceError, match="has validators"):

        @service
        class Wrong:
            @ekiben.api(input_spec=Checked)
            def f(self, **params: Any) -> None: ...
