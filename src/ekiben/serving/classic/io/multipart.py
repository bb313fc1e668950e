"""`Multipart`: several values as the parts of a form, in requests and replies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType

from ekiben.errors import ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor, refuse_result
from ekiben.serving.payload.multipart import MULTIPART
from ekiben.serving.payload.schemas import JsonSchema, gather_definitions
from ekiben.serving.wire import Payload


class Multipart(IODescriptor):
    """`Multipart(photo=Image(), notes=JSON())`: a parameter of the function for each part, a dictionary as a result."""

    mime_type = MULTIPART

    def __init__(self, **parts: IODescriptor) -> None:
        for name, part in parts.items():
            if isinstance(part, Multipart) or not isinstance(part, IODescriptor):
                raise ServiceError(
                    f"`{name}` of `Multipart` is `{part!r}`",
                    hint="descriptors of `ekiben.io`, but no other `Multipart`",
                )
        if not parts:
            raise ServiceError("`Multipart` has no parts", hint="name them: `Multipart(photo=Image(), notes=JSON())`")
        self.parts: Mapping[str, IODescriptor] = MappingProxyType(parts)

    def write(self, value: object) -> Payload:
        """A form of the values of a dictionary."""
        if not isinstance(value, Mapping) or set(value) != set(self.parts):
            named = ", ".join(f"`{name}`" for name in self.parts)
            raise refuse_result(value, f"a dictionary of {named}")
        boundary = uuid.uuid4().hex
        body = bytearray()
        for name, part in self.parts.items():
            payload = part.write(value[name])
            body += (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{_file_name(name, part)}\r\n'
                f"Content-Type: {payload.content_type}\r\n\r\n"
            ).encode()
            body += payload.body
            body += b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        return Payload(f"{MULTIPART}; boundary={boundary}", bytes(body))

    def schema(self) -> JsonSchema:
        """An object with a property for each part."""
        definitions: JsonSchema = {}
        properties = {
            name: gather_definitions(part.documented(), definitions, name) for name, part in self.parts.items()
        }
        schema: JsonSchema = {"type": "object", "properties": properties, "required": list(self.parts)}
        return {**schema, "$defs": definitions} if definitions else schema


def _file_name(name: str, part: IODescriptor) -> str:
    """A file's name, so that readers of forms take the part for one."""
    return f'; filename="{name}"' if part.takes_files else ""
