"""The documents of a service: OpenAPI 3.1 for tools and people, and `schema.json` for clients, BentoML's among them.

Pure and deterministic: the same service gives the same document, keys in one order. Schemas that types bring along
(`$defs`) become `components/schemas`; two different ones of one name are told apart by the API's name. Source: OpenAPI
3.1.1; JSON Schema 2020-12.
"""

from __future__ import annotations

from ekiben.serving.client_types import input_types, output_types
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.service import Service
from ekiben.serving.payload.multipart import MULTIPART
from ekiben.serving.payload.schemas import JsonSchema, gather_definitions
from ekiben.serving.wire import JSON

UNVERSIONED = "unversioned"  # info.version is required; a Bento's own version is no content of the Bento
_SHARED = "#/components/schemas/"
_ERROR_NAME = "Error"
_ERROR: JsonSchema = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "detail": {"type": ["string", "null"]}},
    "required": ["error"],
}
_ERRORS = {
    "400": "Invalid input: which field, and why",
    "413": "The body is over the limit",
    "415": "A content type that this API does not read",
    "429": "Too many requests at once",
    "500": "The service failed; the answer carries the request's id",
    "503": "Shed by the batcher, or not ready; Retry-After says when to come again",
    "504": "Not answered in time",
}


def openapi_document(service: Service, version: str | None = None, prefix: str = "") -> dict[str, object]:
    """The service's APIs as an OpenAPI 3.1 document; `version` is the Bento's, where there is one, `prefix` what all
    paths are below.
    """
    schemas: dict[str, object] = {_ERROR_NAME: _ERROR}
    paths: dict[str, dict[str, object]] = {}
    for one in service.endpoints.values():
        operation = _operation(one, schemas)
        paths[one.route] = {"post": operation}
        if one.task is not None:
            paths |= _task_paths(one, operation, schemas)
    info = {"title": service.name, "version": version or UNVERSIONED}
    if service.doc:
        info["description"] = service.doc
    return {
        "openapi": "3.1.1",
        "info": info,
        "paths": {f"{prefix}{path}": one for path, one in paths.items()},
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def schema_document(service: Service, prefix: str = "") -> dict[str, object]:
    """The APIs of the service for clients: routes below `prefix`, types of input and output, each self-contained."""
    routes: list[dict[str, object]] = [
        {
            "name": one.name,
            "route": f"{prefix}{one.route}",
            "doc": one.doc,
            "batchable": one.batch is not None,
            "stream": one.is_stream,
            "idempotent": one.is_idempotent,
            "content_types": list(one.input.media_types),
            "input": input_types(one.input),
            "output": output_types(one.output),
            **({} if one.task is None else {"is_task": True}),
            **({} if one.example is None else {"example": one.example.value}),
        }
        for one in service.endpoints.values()
    ]
    return {"name": service.name, "type": "service", "routes": routes, "takes_values": True}


def _task_paths(
    endpoint: Endpoint, operation: dict[str, object], schemas: dict[str, object]
) -> dict[str, dict[str, object]]:
    from ekiben.serving.tasks.documents import SCHEMA_NAME, TASK_SCHEMA, task_paths

    schemas[SCHEMA_NAME] = TASK_SCHEMA
    return task_paths(endpoint, operation, _SHARED)


def _operation(endpoint: Endpoint, schemas: dict[str, object]) -> dict[str, object]:
    body_schema = gather_definitions(endpoint.input.json_schema(), schemas, endpoint.name, _SHARED)
    summary, _, description = endpoint.doc.partition("\n")
    operation: dict[str, object] = {"operationId": endpoint.name, "summary": summary.strip() or endpoint.name}
    if description.strip():
        operation["description"] = description.strip()
    media_types = endpoint.input.media_types
    if endpoint.input.names:
        example = {} if endpoint.example is None else {"example": endpoint.example.value}
        operation["requestBody"] = {
            "required": endpoint.input.is_required,
            "content": {
                one: {"schema": body_schema if one in (JSON, MULTIPART) else {}} | (example if one == JSON else {})
                for one in media_types
            },
        }
    result = gather_definitions(endpoint.output.json_schema(), schemas, f"{endpoint.name}_result", _SHARED)
    what = "The result, in pieces as they come" if endpoint.is_stream else "The result"
    replies: dict[str, object] = {
        "200": {
            "description": what,
            "content": {endpoint.output.media_type: {"schema": result}}
            | {media_type: {} for media_type in endpoint.output.other_media_types},
        }
    }
    error = {"content": {JSON: {"schema": {"$ref": f"{_SHARED}{_ERROR_NAME}"}}}}
    operation["responses"] = replies | {status: {"description": text, **error} for status, text in _ERRORS.items()}
    return operation
