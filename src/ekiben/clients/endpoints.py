"""`ClientEndpoint`: what a client knows of one API, from the server's `/schema.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, get_args, get_origin

import msgspec
from pydantic import BaseModel, TypeAdapter

from ekiben.errors import RequestError
from ekiben.serving.declare.service import Service
from ekiben.serving.declare.signature import read_signature
from ekiben.serving.openapi import schema_document
from ekiben.serving.wire import JSON

Types: TypeAlias = Mapping[str, Any]  # in the words of serving/client_types.py
SCHEMA_PATH = "/schema.json"


@dataclass(frozen=True, slots=True)
class ClientEndpoint:
    """One API. `input` and `output` say the types of its values.

    `takes_values`: arguments may be sent as they are; `takes_json`: the server says that a body may be JSON.
    `is_idempotent` is False where it does not say. `model` reads results as the service's own pydantic models, where
    its code is there.
    """

    name: str
    route: str
    input: Types
    output: Types
    doc: str = ""
    is_stream: bool = False
    is_task: bool = False
    is_idempotent: bool = False
    takes_values: bool = False
    takes_json: bool = False
    model: TypeAdapter[Any] | None = None

    @property
    def parameters(self) -> Types:
        """The types of the parameters by name, in order; empty where the whole body is one value."""
        return {} if self.is_root else self.input.get("properties", {})

    @property
    def is_root(self) -> bool:
        """Whether the whole body is the one value."""
        return bool(self.input.get("root_input", False))

    @property
    def is_file_result(self) -> bool:
        """Whether a file comes back that is no image."""
        return self.output.get("type") == "file" and not self.output.get("pil")


class _Route(msgspec.Struct):
    name: str
    route: str
    input: dict[str, Any]
    output: dict[str, Any]
    doc: str | None = None
    idempotent: bool = False
    is_task: bool = False
    content_types: tuple[str, ...] = ()


class _Document(msgspec.Struct):
    routes: list[_Route]
    name: str = ""
    takes_values: bool = False


def read_endpoints(document: bytes, url: str) -> dict[str, ClientEndpoint]:
    """The APIs by name. Raises RequestError for what is no such document."""
    try:
        read = msgspec.json.decode(document, type=_Document)
    except msgspec.MsgspecError as error:
        raise RequestError(
            f"`{url}{SCHEMA_PATH}` does not say what the service offers: {error}",
            hint="is that the address of a service?",
        ) from error
    return {
        one.name: ClientEndpoint(
            one.name,
            one.route,
            one.input,
            one.output,
            doc=one.doc or "",
            is_stream=bool(one.output.get("is_stream", False)),
            is_task=one.is_task,
            is_idempotent=one.idempotent,
            takes_values=read.takes_values,
            takes_json=JSON in one.content_types,
        )
        for one in read.routes
    }


def endpoints_of(service: Service) -> dict[str, ClientEndpoint]:
    """The APIs of a service whose code is there, by name."""
    found = read_endpoints(msgspec.json.encode(schema_document(service)), service.name)
    for name, endpoint in service.endpoints.items():
        method = getattr(service.inner, endpoint.function)
        returns: Any = read_signature(method).returns
        if _is_model(returns):
            found[name] = replace(found[name], model=TypeAdapter(returns))
    return found


def _is_model(annotation: object) -> bool:
    """Whether it is a pydantic model, or a list of one."""
    item = get_args(annotation)[0] if get_origin(annotation) is list else annotation
    return isinstance(item, type) and issubclass(item, BaseModel)
