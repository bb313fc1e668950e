"""`Example`: the sample input of `@api(example=...)`, checked when the service is declared.

It stands in the API's documents, and warms a worker up before it is ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ekiben.errors import EkibenError, ServiceError
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import InputSpec
from ekiben.serving.payload.json_values import encode_json
from ekiben.serving.wire import JSON, Payload


@dataclass(frozen=True, slots=True)
class Example:
    """`body` is what a client would send: the JSON object of the parameters, or the root parameter's value."""

    body: bytes

    @property
    def payload(self) -> Payload:
        """As the payload of a request."""
        return Payload(JSON, self.body)

    @property
    def value(self) -> object:
        """As plain data, for documents."""
        return msgspec.json.decode(self.body)


def make_example(parameters: object, spec: InputSpec) -> Example:
    """The example of an API with these parameters. Raises ServiceError where a request with it would be refused."""
    if not isinstance(parameters, Mapping) or not all(isinstance(name, str) for name in parameters):
        raise ServiceError("the `example` of an API is a dictionary of its parameters")
    root = spec.root
    if root is not None and set(parameters) != {root}:
        raise ServiceError(f"the `example` of this API has one entry, `{root}`")
    try:
        example = Example(encode_json(dict(parameters) if root is None else parameters[root], "it"))
        with RequestFolder() as folder:
            spec.decode(example.payload, folder)
    except EkibenError as error:
        raise ServiceError(f"the `example` cannot be used: {error.message}", hint=error.hint) from error
    return example
