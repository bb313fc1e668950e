"""The documents of a service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel, Field

from ekiben.serving.declare.api import api
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.service import service
from ekiben.serving.openapi import openapi_document, schema_document
from ekiben.serving.payload.marks import ContentType


class Item(BaseModel):
    """A thing."""

    price: float = Field(gt=0)
    parts: list["Item"] = []


def other_item() -> type[BaseModel]:
    class Item(BaseModel):
        text: str

    return Item


class Shop:
    """Sells things."""

    @api
    def price(self, items: list[Item], currency: Literal["EUR", "USD"] = "EUR") -> dict[str, float]:
        """What they cost.

        All of them together.
        """
        return {}

    @api(batchable=True, route="/v1/classify")
    def classify(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return x

    @api
    def thumbnail(self, photo: Image.Image, ctx: Context, size: int = 64) -> Image.Image:
        return photo

    @api
    def convert(self, doc: Path) -> Path:
        return doc

    @api
    def root(self, item: Item, /) -> Item:
        return item

    @api
    def ping(self) -> None: ...


DECLARED = service(name="shop")(Shop)


@pytest.fixture
def document() -> dict[str, Any]:
    return openapi_document(DECLARED)


def operation(document: dict[str, Any], route: str) -> Any:
    return document["paths"][route]["post"]


def test_every_api_is_a_post_with_its_words(document: dict[str, Any]) -> None:
    assert list(document["paths"]) == ["/price", "/v1/classify", "/thumbnail", "/convert", "/root", "/ping"]
    price = operation(document, "/price")
    assert (price["operationId"], price["summary"]) == ("price", "What they cost.")
    assert price["description"] == "All of them together."
    assert document["info"] == {"title": "shop", "version": "unversioned", "description": "Sells things."}


def test_the_version_is_the_callers_to_give() -> None:
    info = openapi_document(DECLARED, "1.2")["info"]
    assert isinstance(info, dict)
    assert info["version"] == "1.2"


def test_models_are_components_once_and_refer_to_themselves(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert list(schemas) == ["Error", "Item"]
    assert schemas["Item"]["properties"]["parts"]["items"] == {"$ref": "#/components/schemas/Item"}
    body = operation(document, "/price")["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Item"}
    assert body["properties"]["currency"]["default"] == "EUR"


def test_files_are_multipart_and_alone_also_a_raw_body(document: dict[str, Any]) -> None:
    thumbnail = operation(document, "/thumbnail")
    content = thumbnail["requestBody"]["content"]
    assert list(content) == ["multipart/form-data"]
    assert content["multipart/form-data"]["schema"]["properties"]["photo"] == {"type": "string", "format": "binary"}
    assert "ctx" not in content["multipart/form-data"]["schema"]["properties"]
    assert list(thumbnail["responses"]["200"]["content"]) == ["image/*"]
    assert list(operation(document, "/convert")["requestBody"]["content"]) == [
        "multipart/form-data",
        "application/octet-stream",
    ]


def test_an_api_without_parameters_has_no_body(document: dict[str, Any]) -> None:
    assert "requestBody" not in operation(document, "/ping")


def test_every_error_is_described(document: dict[str, Any]) -> None:
    responses = operation(document, "/ping")["responses"]
    assert list(responses) == ["200", "400", "413", "415", "429", "500", "503", "504"]
    assert responses["400"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])
    assert "#/$defs/" not in text


def test_two_models_of_one_name_are_told_apart() -> None:
    stranger = other_item()

    def both(self: object, a: list[Item], b: Any) -> None: ...

    both.__annotations__["b"] = list[stranger]  # type: ignore[valid-type]
    document = openapi_document(service(type("Two", (), {"both": api(both)})))
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert {"Item", "b_Item"} <= names


def test_the_schema_document_names_routes_with_self_contained_schemas() -> None:
    schema: dict[str, Any] = schema_document(DECLARED)
    assert (schema["name"], schema["type"]) == ("shop", "service")
    routes = {one["name"]: one for one in schema["routes"]}
    assert routes["classify"]["route"] == "/v1/classify"
    assert routes["classify"]["batchable"] is True
    assert routes["price"]["input"]["$defs"].keys() == {"Item"}
    assert routes["price"]["doc"].startswith("What they cost.")
    assert routes["thumbnail"]["output"]["x-content-type"] == "image/*"


class Streams:
    @api
    def words(self, text: str) -> Iterator[str]:
        yield text

    @api
    def items(self, count: int) -> Iterator[Item]:
        yield Item(price=count)

    @api
    def events(self) -> Annotated[Iterator[str], ContentType("text/event-stream")]:
        yield "data: a\n\n"


def test_a_stream_is_described_by_its_items() -> None:
    document: dict[str, Any] = openapi_document(service(Streams))
    contents = {
        name: operation(document, f"/{name}")["responses"]["200"]["content"] for name in ("words", "items", "events")
    }
    assert contents == {
        "words": {"text/plain; charset=utf-8": {"schema": {"type": "string"}}},
        "items": {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Item"}}},
        "events": {"text/event-stream": {"schema": {"type": "string"}}},
    }
    schema: dict[str, Any] = schema_document(service(Streams))
    assert [one["stream"] for one in schema["routes"]] == [True, True, True]


def test_an_example_stands_in_both_documents() -> None:
    class Shown:
        @api(example={"x": [1.5]}, idempotent=False)
        def total(self, x: list[float]) -> float:
            return sum(x)

    declared = service(Shown)
    content = operation(openapi_document(declared), "/total")["requestBody"]["content"]
    assert content["application/json"]["example"] == {"x": [1.5]}
    routes: Any = schema_document(declared)["routes"]
    assert (routes[0]["example"], routes[0]["idempotent"]) == ({"x": [1.5]}, False)


def test_documents_are_the_same_every_time() -> None:
    again = service(name="shop")(Shop)
    assert json.dumps(openapi_document(again)) == json.dumps(openapi_document(DECLARED))
    assert json.dumps(schema_document(again)) == json.dumps(schema_document(DECLARED))
