"""`InputSpec`: bodies become arguments."""

import dataclasses
import datetime
import enum
import json
from collections import deque
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from ekiben.errors import BadInput, ServiceError, UnsupportedMediaType
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import REQUIRED, InputSpec, Parameter
from ekiben.serving.payload.json_values import encode_json
from ekiben.serving.payload.values import encode_values
from ekiben.serving.wire import JSON, Payload


class Colour(enum.Enum):
    RED = "red"


class Item(BaseModel):
    price: float
    name: str = "thing"


class Size(TypedDict):
    width: int


def spec(is_root: bool = False, **annotations: object) -> InputSpec:
    return InputSpec([Parameter(name, one) for name, one in annotations.items()], is_root=is_root)


def decode(one: InputSpec, body: str | bytes, content_type: str = JSON) -> dict[str, object]:
    with RequestFolder() as folder:
        return one.decode(Payload(content_type, body.encode() if isinstance(body, str) else body), folder)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int, "3", 3),
        (float, "3", 3.0),
        (str, '"a"', "a"),
        (bool, "true", True),
        (bytes, '"//79"', b"\xff\xfe\xfd"),
        (list[int], "[1, 2]", [1, 2]),
        (tuple[int, str], '[1, "a"]', (1, "a")),
        (dict[str, int], '{"a": 1}', {"a": 1}),
        (int | None, "null", None),
        (int | str, '"a"', "a"),
        (Literal["a", "b"], '"b"', "b"),
        (Colour, '"red"', Colour.RED),
        (datetime.datetime, '"2020-01-02T03:04:05"', datetime.datetime(2020, 1, 2, 3, 4, 5)),
        (Size, '{"width": 1}', {"width": 1}),
        (Item, '{"price": 1}', Item(price=1.0)),
        (list[Item], '[{"price": 1, "name": "a"}]', [Item(price=1.0, name="a")]),
        (Annotated[int, Field(gt=1)], "2", 2),
        (Annotated[int, "anything else"], "2", 2),
        (Any, '{"a": [1, null]}', {"a": [1, None]}),
    ],
)
def test_json_becomes_the_annotated_type(annotation: object, text: str, value: object) -> None:
    assert decode(spec(x=annotation), f'{{"x": {text}}}') == {"x": value}


@pytest.mark.parametrize(
    ("annotation", "text", "reason"),
    [
        (int, "1.5", "`x`: input should be a valid integer"),
        (int, '"a"', "`x`: input should be a valid integer"),
        (str, "1", "`x`: input should be a valid string"),
        (list[int], '[1, "a"]', "`x[1]`: input should be a valid integer"),
        (Item, "{}", "`x.price`: field required"),
        (list[Item], '[{"price": 1}, {"price": "a"}]', "`x[1].price`: input should be a valid number"),
        (Literal["a"], '"c"', "`x`: input should be 'a'"),
        (Annotated[int, Field(gt=1)], "1", "`x`: input should be greater than 1"),
        (bytes, '"%%%"', "`x`: "),
    ],
)
def test_a_wrong_value_names_its_place_and_the_reason(annotation: object, text: str, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode(spec(x=annotation), f'{{"x": {text}}}')
    assert caught.value.message.startswith(reason)


def test_many_reasons_are_summed_up() -> None:
    with pytest.raises(BadInput, match="and 95 more"):
        decode(spec(x=list[int]), '{"x": [' + ", ".join(['"a"'] * 100) + "]}")


def test_a_missing_field_is_named() -> None:
    with pytest.raises(BadInput, match="`y` is missing"):
        decode(spec(x=int, y=int), '{"x": 1}')


def test_an_unknown_field_names_the_nearest_right_one() -> None:
    with pytest.raises(BadInput, match="`txet` is no field") as caught:
        decode(spec(text=str), '{"text": "a", "txet": 1}')
    assert caught.value.hint == "did you mean `text`?"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("[1]", "the body is no JSON object"),
        ('{"x": 1', "the body is no JSON: .*truncated"),
        ('{"x": tru}', r"the body is no JSON: .*\(byte 7\)"),
        ('{"x": NaN}', r"the body is no JSON: .*\(byte 6\)"),
        ('{"x": Infinity}', "the body is no JSON"),
        ('{"x": ' + "[" * 100_000 + "}", "the body is no JSON"),
        ('{"x": "\\ud800"}', "the body is no JSON"),
        (b"\xff\xfe", "the body is no JSON"),
        (b'{"x": "\xff"}', "`x`: "),
    ],
)
def test_a_body_that_is_no_json_says_where(body: str | bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        decode(spec(x=int), body)


def test_nan_comes_with_a_hint() -> None:
    with pytest.raises(BadInput) as caught:
        decode(spec(x=float), '{"x": NaN}')
    assert caught.value.hint == "JSON has no NaN or Infinity: write null"


@pytest.mark.parametrize(
    "content_type", [JSON, "application/json; charset=utf-8", "application/ld+json", "", "Application/JSON"]
)
def test_json_is_taken_under_all_its_names(content_type: str) -> None:
    assert decode(spec(x=int), '{"x": 1}', content_type) == {"x": 1}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/vnd.bentoml+pickle",
        "application/octet-stream",
        "multipart/form-data; boundary=x",
    ],
)
def test_other_content_types_are_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType) as caught:
        decode(spec(x=int), '{"x": 1}', content_type)
    assert caught.value.hint == "send it as `Content-Type: application/json`"


def test_an_empty_body_is_all_defaults() -> None:
    defaults = InputSpec([Parameter("x", int, 3), Parameter("y", str, "a")])
    assert decode(defaults, "", "") == decode(defaults, "", "text/plain") == {"x": 3, "y": "a"}
    assert decode(InputSpec([]), "", "") == decode(InputSpec([]), "{}") == {}


def test_an_empty_body_where_a_field_is_needed_names_the_field() -> None:
    with pytest.raises(BadInput, match="`x` is missing"):
        decode(spec(x=int), "")


def test_a_root_parameter_is_the_whole_body() -> None:
    root = spec(is_root=True, item=Item)
    assert decode(root, '{"price": 2}') == {"item": Item(price=2.0)}
    assert root.root == "item"
    with pytest.raises(BadInput, match=r"`item.price`: field required"):
        decode(root, "{}")


def test_a_root_text_may_be_the_body_as_it_is(folder: RequestFolder) -> None:
    text = spec(is_root=True, text=str)
    assert text.decode(Payload("text/plain; charset=utf-8", '"ä" 12'.encode()), folder) == {"text": '"ä" 12'}
    with pytest.raises(BadInput, match="no UTF-8"):
        text.decode(Payload("text/plain", b"\xff"), folder)
    with pytest.raises(BadInput, match="valid dictionary"):
        spec(is_root=True, item=Item).decode(Payload("text/plain", b"price"), folder)
    with pytest.raises(UnsupportedMediaType):
        spec(text=str).decode(Payload("text/plain", b"text"), folder)


def test_a_mixed_form_fills_files_and_plain_fields(folder: RequestFolder, form: Callable[..., Payload]) -> None:
    mixed = spec(photo=Path, name=str, sizes=list[int], count=int)
    parts = [("photo", "cat.png", b"PNG"), ("name", None, b"Ada"), ("sizes", None, b"[1, 2]"), ("count", None, b"7")]
    values = mixed.decode(form(*parts), folder)
    photo = values.pop("photo")
    assert isinstance(photo, Path)
    assert (photo.name, photo.read_bytes()) == ("cat.png", b"PNG")
    assert values == {"name": "Ada", "sizes": [1, 2], "count": 7}


@pytest.mark.parametrize(
    ("text", "value"), [(b"Ada", "Ada"), (b'"Ada"', "Ada"), (b"12", "12"), (b"", ""), (b"null", "null")]
)
def test_a_text_field_of_a_form_needs_no_quotes(
    folder: RequestFolder, form: Callable[..., Payload], text: bytes, value: str
) -> None:
    one = InputSpec([Parameter("photo", Path, None), Parameter("name", str)])
    assert one.decode(form(("name", None, text)), folder)["name"] == value


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([("photo", None, b"http://host/x.png")], "`photo` is a file, and text was sent"),
        ([("photo", "a", b"1"), ("photo", "b", b"2")], "`photo` is one file, and 2 were sent"),
        ([("other", "a", b"1")], "`other` is no field"),
        ([("name", None, b"a"), ("name", None, b"b")], "`name` was sent twice"),
        ([("name", None, b"a")], "`photo` is missing"),
    ],
)
def test_a_wrong_form_says_why(
    folder: RequestFolder, form: Callable[..., Payload], parts: list[tuple[str, str | None, bytes]], reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        spec(photo=Path, name=str).decode(form(*parts), folder)


def test_a_single_file_can_be_the_whole_body(folder: RequestFolder) -> None:
    path = spec(doc=Path).decode(Payload("text/csv", b"a,b"), folder)["doc"]
    assert isinstance(path, Path)
    assert path.read_bytes() == b"a,b"


@pytest.mark.parametrize("text", ['"/etc/passwd"', '"http://169.254.169.254/"', "null"])
def test_a_path_or_url_is_never_opened_as_a_file(text: str) -> None:
    with pytest.raises(BadInput, match="`doc` is a file"):
        decode(spec(doc=Path), f'{{"doc": {text}}}')


class Upload(BaseModel):
    file: Path


@dataclasses.dataclass
class Attached:
    file: Path


HOLDERS = {
    Upload: {"file": "/etc/passwd"},
    Attached: {"file": "/etc/passwd"},
    list[Upload]: [{"file": "/etc/passwd"}],
    dict[str, Path]: {"x": "/etc/passwd"},
    dict[Path, int]: {"/etc/passwd": 1},
    tuple[Path, int]: ["/etc/passwd", 1],
    deque[Path]: ["/etc/passwd"],
    PurePath: "/etc/passwd",
}


@pytest.mark.parametrize("annotation", HOLDERS, ids=str)
def test_nobody_names_a_file_of_the_server_inside_another_type(annotation: object, folder: RequestFolder) -> None:
    holder = HOLDERS[annotation]  # type: ignore[index]
    head = b'--b\r\ncontent-disposition: form-data; name="x"\r\n\r\n'
    form = Payload("multipart/form-data; boundary=b", head + json.dumps(holder).encode() + b"\r\n--b--\r\n")
    for payload in (Payload(JSON, json.dumps({"x": holder}).encode()), encode_values({"x": holder}), form):
        with pytest.raises((BadInput, UnsupportedMediaType)):
            spec(x=annotation).decode(payload, folder)


def test_a_service_sends_files_inside_another_type(folder: RequestFolder, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("content")
    (read,) = spec(x=list[Upload]).decode(encode_values({"x": [Upload(file=file)]}), folder).values()
    assert isinstance(read, list)
    assert read[0].file.read_text() == "content"
    assert read[0].file != file


def test_a_type_that_no_request_can_carry_is_refused_when_declared() -> None:
    for annotation in (np.random.Generator, dict[str, np.ndarray[Any, Any]], list[np.ndarray[Any, Any]]):
        with pytest.raises(ServiceError, match="cannot be read from a request"):
            spec(x=annotation)


@pytest.mark.parametrize(
    ("annotation", "text", "dimension", "rows"),
    [
        (list[str], '["a", "b"]', 0, 2),
        (np.ndarray, "[[1, 2], [3, 4], [5, 6]]", 0, 3),
        (np.ndarray, "[[1, 2], [3, 4], [5, 6]]", 1, 2),
        (np.ndarray, "[]", 0, 0),
        (np.ndarray, "5", 0, 1),
        (np.ndarray, "broken", 0, 1),
    ],
)
def test_rows_are_counted_without_decoding(annotation: object, text: str, dimension: int, rows: int) -> None:
    one = spec(x=annotation)
    assert one.count_rows(Payload(JSON, f'{{"x": {text}}}'.encode()), dimension) == rows


def test_rows_of_a_default_and_of_a_root_are_counted() -> None:
    default = InputSpec([Parameter("x", list[str], ["a", "b", "c"])])
    assert default.count_rows(Payload("", b""), 0) == default.count_rows(Payload(JSON, b"{}"), 0) == 3
    assert spec(is_root=True, x=list[str]).count_rows(Payload(JSON, b'["a", "b"]'), 0) == 2
    assert spec(x=list[str]).count_rows(Payload(JSON, b'{"y": 1}'), 0) == 1


@given(st.binary(max_size=200))
def test_counting_and_decoding_never_fail_otherwise_than_by_a_request_error(body: bytes) -> None:
    one = spec(x=np.ndarray)
    assert one.count_rows(Payload(JSON, body), 0) >= 0
    with pytest.raises(BadInput):
        decode(one, body or b"{}")


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(), max_size=5))
def test_what_is_written_can_be_read_back(value: dict[str, object]) -> None:
    assert decode(spec(x=Any), encode_json({"x": value})) == {"x": value}


def test_the_schema_is_an_object_with_definitions_once() -> None:
    schema = InputSpec([Parameter("items", list[Item]), Parameter("factor", float, 2.0)]).json_schema()
    assert schema["required"] == ["items"]
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert properties["factor"] == {"type": "number", "default": 2.0}
    assert properties["items"]["items"] == {"$ref": "#/$defs/Item"}
    assert list(schema["$defs"]) == ["Item"]  # type: ignore[call-overload]


@pytest.mark.parametrize("annotation", [np.ndarray, pd.DataFrame, pd.Series, list[str], str, dict[str, str]])
@pytest.mark.parametrize(
    "body",
    [b'{"x": ["ab\xff"]}', b'{"x": {"a\xff": "b"}}', b'{"\xff": 1, "x": ["a"]}', b'["\xff"]', b'"\xff"', b"\xff"],
)
@pytest.mark.parametrize("is_root", [False, True])
def test_bytes_that_are_no_utf_8_are_bad_input_and_one_row(annotation: object, body: bytes, is_root: bool) -> None:
    one = spec(is_root, x=annotation)
    with pytest.raises(BadInput):
        decode(one, body)
    assert one.count_rows(Payload(JSON, body), 0) >= 1


def test_the_byte_that_is_no_utf_8_is_named() -> None:
    with pytest.raises(BadInput, match=r"`x` is no UTF-8: byte 0xff at position 4$"):
        decode(spec(x=np.ndarray), b'{"x": ["ab\xff"]}')
    with pytest.raises(BadInput, match=r"the body is no UTF-8: byte 0xff at position 2$"):
        decode(spec(x=np.ndarray), b'{"\xff": 1, "x": ["a"]}')


def test_a_form_field_that_is_no_utf_8_is_bad_input(form: Callable[..., Payload]) -> None:
    body = form(("x", None, b'["\xff"]'), ("photo", "a.txt", b"a"))
    with RequestFolder() as folder, pytest.raises(BadInput, match="`x` is no UTF-8"):
        spec(x=np.ndarray, photo=Path).decode(body, folder)


@pytest.mark.parametrize("default", [float("nan"), object(), Path, lambda: 1])
def test_a_default_without_a_json_form_is_left_out_of_the_schema(default: object) -> None:
    schema = InputSpec([Parameter("x", Any, default)]).json_schema()
    assert schema == {"type": "object", "properties": {"x": {}}, "additionalProperties": False}


def test_the_schema_does_not_change_between_readings() -> None:
    one = InputSpec([Parameter("x", Item, None), Parameter("y", np.ndarray, None)])
    assert one.json_schema() == one.json_schema()
    assert REQUIRED is not None


def test_a_long_name_that_is_no_field_is_not_repeated_whole() -> None:
    with pytest.raises(BadInput) as caught:
        decode(spec(size=int), f'{{"{"k" * 5000}": 1, "size": 1}}')
    assert len(str(caught.value)) < 300


def test_a_bare_word_that_does_not_fit_is_told_by_its_type() -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="size"\r\n\r\nabc\r\n--b--\r\n'
    with pytest.raises(BadInput, match=r"`size`: .*valid integer"):
        decode(spec(size=int, file=Path), body, "multipart/form-data; boundary=b")
