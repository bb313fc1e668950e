"""What the tests of payloads share."""

from collections.abc import Callable, Iterator

import pytest

from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.wire import Payload

Form = Callable[..., Payload]


@pytest.fixture
def folder() -> Iterator[RequestFolder]:
    with RequestFolder() as one:
        yield one


@pytest.fixture
def form() -> Form:
    """`form(("name", None, b"Ada"), ("photo", "cat.png", b"..."))`: the multipart body of these parts."""

    def make(*parts: tuple[str, str | None, bytes], boundary: str = "X-edge") -> Payload:
        body = b""
        for name, file_name, content in parts:
            disposition = f'form-data; name="{name}"' + (f'; filename="{file_name}"' if file_name is not None else "")
            body += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
        return Payload(f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode())

    return make
