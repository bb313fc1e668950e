"""`ArgumentsInput`: the InputSpec of a runner's method, which takes whatever arguments its callers pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from ekiben.errors import BadInput, UnsupportedMediaType
from ekiben.serving.oip.signature import TensorSpec
from ekiben.serving.payload.call_arguments import FIRST, CallArguments, arguments_of
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.rows import count_json_rows
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.payload.values import VALUES, count_value_rows, decode_values
from ekiben.serving.wire import JSON, Payload

_NAME = "arguments"
_DECODE = msgspec.json.Decoder().decode
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class ArgumentsInput(InputSpec):
    """All arguments as one value: `values` from services, a JSON list or object where a runner is served alone."""

    def __init__(self) -> None:
        super().__init__([Parameter(_NAME, Any)], is_root=True)

    @property
    def media_types(self) -> tuple[str, ...]:
        """JSON, and what services send."""
        return (JSON, VALUES)

    @property
    def is_required(self) -> bool:
        """A method may take no arguments."""
        return False

    @cached_property
    def tensors(self) -> tuple[TensorSpec, ...] | None:
        """None: nothing is known of them."""
        return None

    def by_name(self, arguments: Sequence[object], named: Mapping[str, object], label: str) -> dict[str, object]:
        """Whatever was passed, as it travels."""
        return CallArguments(tuple(arguments), named).by_key()

    def decode(self, payload: Payload, folder: RequestFolder) -> dict[str, object]:
        """The arguments. Raises BadInput, UnsupportedMediaType."""
        media_type = payload.content_type.partition(";")[0].strip().lower()
        if not payload.body:
            return {_NAME: CallArguments((), {})}
        if media_type not in (VALUES, JSON, ""):
            raise UnsupportedMediaType(f"`{media_type}` is not read here", hint=f"send it as `Content-Type: {JSON}`")
        try:
            found = decode_values(payload.body, folder) if media_type == VALUES else _DECODE(payload.body)
            return {_NAME: arguments_of(found)}
        except (ValueError, RecursionError) as error:
            raise BadInput(f"the body is no list of arguments: {error}") from error

    def count_rows(self, payload: Payload, batch_dim: int) -> int:
        """The rows of the first argument; 1 where that cannot be told."""
        if payload.content_type == VALUES:
            return count_value_rows(payload.body, FIRST, batch_dim)
        try:
            return count_json_rows(bytes(_ITEMS.decode(payload.body)[0]), batch_dim)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
            return 1

    def json_schema(self) -> JsonSchema:
        """A list of what the method takes, or an object by position and name."""
        return {"anyOf": [{"type": "array", "items": {}}, {"type": "object"}]}
