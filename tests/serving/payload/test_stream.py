"""`StreamSpec`: items as a body."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from ekiben.errors import ServiceError
from ekiben.serving.payload.events import SSE
from ekiben.serving.payload.files import BINARY
from ekiben.serving.payload.marks import ContentType
from ekiben.serving.payload.stream import ANY, EVENTS, NDJSON, TEXT, StreamSpec

OCTETS = "application/octet-stream"


class Token(BaseModel):
    text: str


def body_of(spec: StreamSpec, *items: object) -> tuple[str, bytes]:
    writer = spec.writer(items[0])
    return writer.media_type, b"".join(map(writer.encode, items))


@pytest.mark.parametrize(
    ("annotation", "items", "media_type", "body"),
    [
        (Iterator[str], ("a", "ö"), TEXT, "aö".encode()),
        (AsyncIterator[bytes], (b"a", bytearray(b"b"), memoryview(b"c")), OCTETS, b"abc"),
        (Iterator[SSE], (SSE("a"), SSE("b", event="x")), EVENTS, b"data: a\n\nevent: x\ndata: b\n\n"),
        (Iterator[dict[str, int]], ({"a": 1}, {"a": 2}), NDJSON, b'{"a":1}\n{"a":2}\n'),
        (Iterator[Token], (Token(text="a"),), NDJSON, b'{"text":"a"}\n'),
        (Iterator[list[str]], (["a"],), NDJSON, b'["a"]\n'),
        (Iterator[int | str], (1, "a"), NDJSON, b'1\n"a"\n'),
        (Iterator[Literal["a", "b"]], ("a", "b"), TEXT, b"ab"),
        (Any, ("a", b"b"), TEXT, b"ab"),
        (Any, (b"a", "b"), OCTETS, b"ab"),
        (Iterator[Any], (1.5, None), NDJSON, b"1.5\nnull\n"),
        (Annotated[Iterator[str], ContentType("text/event-stream")], ("data: a\n\n",), EVENTS, b"data: a\n\n"),
        (Annotated[Iterator[Token], ContentType(EVENTS)], (Token(text="a"),), EVENTS, b'data: {"text":"a"}\n\n'),
        (Annotated[Iterator[str], ContentType("text/csv")], ("a,b\n", "1,2\n"), "text/csv", b"a,b\n1,2\n"),
        (Annotated[Iterator[Any], ContentType("application/jsonl")], ("a", 1), "application/jsonl", b'"a"\n1\n'),
    ],
)
def test_the_annotation_or_else_the_first_item_says_how_items_are_written(
    annotation: object, items: tuple[object, ...], media_type: str, body: bytes
) -> None:
    assert body_of(StreamSpec(annotation), *items) == (media_type, body)


@pytest.mark.parametrize(
    ("annotation", "item", "reason"),
    [
        (Iterator[str], 1, "a `int` cannot be sent as `text/plain"),
        (Iterator[dict[str, int]], object(), "cannot be written as JSON"),
        (Iterator[str], "\ud800", "cannot be written as UTF-8"),
    ],
)
def test_an_item_that_does_not_belong_into_the_stream_is_the_services_error(
    annotation: object, item: object, reason: str
) -> None:
    with pytest.raises(ServiceError, match=reason):
        StreamSpec(annotation).writer(item).encode(item)


def test_documents_say_what_one_item_is() -> None:
    assert StreamSpec(Iterator[str]).json_schema() == {"type": "string"}
    assert StreamSpec(Iterator[bytes]).json_schema() == BINARY
    assert StreamSpec(Iterator[dict[str, int]]).json_schema()["type"] == "object"
    assert (StreamSpec().media_type, StreamSpec().json_schema()) == (ANY, {})
