"""Requests to descriptors: bodies and forms as clients send them."""

from __future__ import annotations

from ekiben.serving.classic.io.descriptor import IODescriptor
from ekiben.serving.classic.io.multipart import Multipart
from ekiben.serving.classic.specs import DescriptorInput, DescriptorOutput, PartsInput
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import encode_values
from ekiben.serving.wire import JSON, Payload

BOUNDARY = "b0undary"


def read(descriptor: IODescriptor, body: bytes, media_type: str = JSON) -> object:
    """What an API with that input would be called with."""
    with RequestFolder() as folder:
        return DescriptorInput(descriptor, "value").decode(Payload(media_type, body), folder)["value"]


def read_form(form: Multipart, *parts: tuple[str, str | None, str, bytes]) -> dict[str, object]:
    """What an API with that form would be called with; a part is name, file name, media type and content."""
    with RequestFolder() as folder:
        return PartsInput(form).decode(as_form(*parts), folder)


def read_sent(descriptor: IODescriptor, value: object) -> object:
    """What another service's value becomes."""
    with RequestFolder() as folder:
        return DescriptorInput(descriptor, "value").decode(encode_values({"value": value}), folder)["value"]


def written(descriptor: IODescriptor, value: object) -> bytes:
    """The body of a reply."""
    return bytes(DescriptorOutput(descriptor).encode(value).body)


def as_form(*parts: tuple[str, str | None, str, bytes]) -> Payload:
    """A form of these parts: name, file name, media type, content."""
    body = bytearray()
    for name, file_name, media_type, content in parts:
        named = f'; filename="{file_name}"' if file_name else ""
        typed = f"Content-Type: {media_type}\r\n" if media_type else ""
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{typed}\r\n'.encode()
        body += content + b"\r\n"
    body += f"--{BOUNDARY}--\r\n".encode()
    return Payload(f"multipart/form-data; boundary={BOUNDARY}", bytes(body))
