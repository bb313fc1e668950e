"""`RequestBody`: the values of a call as the body of its request.

files among them        multipart/form-data, the other values as JSON
large arrays or frames  as they are (`application/x-ekiben-values`), where the server is ekiben's
anything else           JSON
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ekiben.clients.arguments import Bound
from ekiben.clients.endpoints import ClientEndpoint
from ekiben.clients.uploads import Upload, is_file, upload_of
from ekiben.errors import ServiceError, UsageError
from ekiben.serving.payload.json_values import encode_json
from ekiben.serving.payload.values import encode_values
from ekiben.serving.wire import JSON

TEXT = "text/plain; charset=utf-8"
LARGE_BYTES = 4096  # of numbers: below it JSON takes no longer
_CELL_BYTES = 8


@dataclass(frozen=True, slots=True)
class RequestBody:
    """`content` of the type `content_type`; or a form of `fields` and `files`, where that is empty."""

    content_type: str = ""
    content: bytes = b""
    fields: Mapping[str, str] | None = None
    files: tuple[tuple[str, Upload], ...] = ()


def files_among(endpoint: ClientEndpoint, bound: Bound) -> list[object]:
    """The values that are files."""
    if bound.is_root:
        return [bound.root] if is_file(endpoint.input) else []
    return [value for name, value in bound.values.items() if is_file(endpoint.parameters[name])]


def make_body(endpoint: ClientEndpoint, bound: Bound, fetched: Mapping[str, Upload]) -> RequestBody:
    """The body; files behind URLs were `fetched`. Raises UsageError for a value that cannot be sent."""
    try:
        if bound.is_root:
            return _root_body(endpoint, bound.root, fetched)
        if any(is_file(types) for types in endpoint.parameters.values()):
            return _form(endpoint, bound.values, fetched)
        if endpoint.takes_values and not endpoint.is_file_result and _size(bound.values.values()) >= LARGE_BYTES:
            with contextlib.suppress(ServiceError):  # some frames only have a form in JSON
                payload = encode_values(dict(bound.values), "an argument")
                return RequestBody(payload.content_type, bytes(payload.body))
        return RequestBody(JSON, encode_json(dict(bound.values), "an argument"))
    except ServiceError as error:
        raise UsageError(f"`{endpoint.name}` cannot be called: {error.message}", hint=error.hint) from error


def _root_body(endpoint: ClientEndpoint, value: object, fetched: Mapping[str, Upload]) -> RequestBody:
    if is_file(endpoint.input):
        upload = upload_of(value, fetched)
        return RequestBody(upload.media_type, upload.content)
    if isinstance(value, str) and not endpoint.takes_json:
        return RequestBody(TEXT, value.encode())
    return RequestBody(JSON, encode_json(value, "the argument"))


def _form(endpoint: ClientEndpoint, values: Mapping[str, object], fetched: Mapping[str, Upload]) -> RequestBody:
    fields: dict[str, str] = {}
    files: list[tuple[str, Upload]] = []
    for name, value in values.items():
        if not is_file(endpoint.parameters[name]):
            fields[name] = encode_json(value, f"`{name}`").decode()
        elif value is not None:
            several = value if isinstance(value, list | tuple) else [value]
            files += [(name, upload_of(one, fetched)) for one in several]
    return RequestBody(fields=fields, files=tuple(files))


def _size(values: Iterable[object]) -> int:
    """Bytes of the arrays and frames among the values, about."""
    return sum(_bytes_of(value) for value in values)


def _bytes_of(value: object) -> int:
    if hasattr(value, "columns"):
        return int(getattr(value, "size", 0)) * _CELL_BYTES
    size = getattr(value, "nbytes", 0)
    return size if isinstance(size, int) and not isinstance(value, memoryview) else 0
