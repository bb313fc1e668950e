"""`BodyReader`: the quick way into a body gives what the careful one gives, or nothing."""

import json
from collections.abc import Mapping
from typing import Any, Optional

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ekiben.errors import BadInput
from ekiben.serving.payload.annotations import is_plain
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.kinds import input_codec
from ekiben.serving.payload.plain import BodyReader
from ekiben.serving.wire import JSON, Payload


class Item(BaseModel):
    price: float


PLAIN = [
    int,
    float,
    str,
    bool,
    Any,
    list,
    dict,
    list[int],
    list[list[float]],
    dict[str, int],
    dict[str, list[str]],
    int | None,
    Optional[list[str]],  # noqa: UP045 - the older spelling is read, too
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(["1", "1.0", "true", "null", 1.0, -0.0, 2**63, 2**64, 10**30]),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def careful(annotation: object, body: bytes) -> Any:
    """The value by the field-by-field way: a media type with a parameter is not read in one pass."""
    spec = InputSpec([Parameter("x", annotation)])
    with RequestFolder() as folder:
        return spec.decode(Payload("application/json; charset=utf-8", body), folder)["x"]


def quick(annotation: object, body: bytes) -> Mapping[str, Any] | None:
    codec: Any = input_codec(annotation)
    return BodyReader({"x": codec}, {}, None).read(body)


@pytest.mark.parametrize("annotation", PLAIN, ids=str)
def test_plain_types_are_told(annotation: object) -> None:
    assert is_plain(annotation)


@pytest.mark.parametrize("annotation", [bytes, int | str, tuple[int, ...], dict[int, str], set[int], Item, list[Item]])
def test_types_that_pydantic_reads_otherwise_are_not_plain(annotation: object) -> None:
    assert not is_plain(annotation)


@given(annotation=st.sampled_from(PLAIN), value=VALUES, indent=st.sampled_from([None, 1]))
def test_what_is_read_in_one_pass_is_what_pydantic_reads(annotation: object, value: object, indent: int | None) -> None:
    body = json.dumps({"x": value}, indent=indent).encode()
    found = quick(annotation, body)
    if found is not None:
        expected = careful(annotation, body)
        assert (found["x"], type(found["x"])) == (expected, type(expected))


@given(value=st.lists(st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(-1e9, 1e9)))))
def test_arrays_are_the_same_either_way(value: object) -> None:
    body = json.dumps({"x": value}).encode()

    def outcome(read: Any) -> tuple[str, str]:
        try:
            found = read(np.ndarray, body)
        except BadInput as error:
            return "refused", str(error)
        array = found if isinstance(found, np.ndarray) else found["x"]
        return str(array.dtype), repr(array)

    assert outcome(quick) == outcome(careful)


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'{"x": 1, "y": 2}', b'{"x": "a"}', b"{", b'{"x": \xff}', b"[" * 5000])
def test_what_is_wrong_is_left_to_the_careful_way(body: bytes) -> None:
    assert quick(int, body) is None
    with pytest.raises(BadInput):
        careful(int, body)


def spec_of(*parameters: Parameter, is_root: bool = False) -> InputSpec:
    return InputSpec(parameters, is_root=is_root)


@pytest.mark.parametrize("media_type", [JSON, f"{JSON}; charset=utf-8"])
def test_kinds_and_defaults_mix(folder: RequestFolder, media_type: str) -> None:
    spec = spec_of(
        Parameter("item", Item),
        Parameter("rows", np.ndarray),
        Parameter("count", int, 3),
        Parameter("frame", pd.DataFrame | None, None),
    )
    values: dict[str, Any] = spec.decode(Payload(media_type, b'{"rows": [[1.5]], "item": {"price": "2"}}'), folder)
    assert (values["item"], values["count"], values["frame"]) == (Item(price=2), 3, None)
    assert values["rows"].tolist() == [[1.5]]


@pytest.mark.parametrize(
    ("annotation", "body"), [(list[int], b"[1, 2]"), (Item, b'{"price": 1}'), (np.ndarray, b"[1]")]
)
def test_a_root_is_the_whole_body(folder: RequestFolder, annotation: Any, body: bytes) -> None:
    spec = spec_of(Parameter("x", annotation), is_root=True)
    quickly = spec.decode(Payload(JSON, body), folder)["x"]
    assert repr(quickly) == repr(spec.decode(Payload(f"{JSON};a=b", body), folder)["x"])
