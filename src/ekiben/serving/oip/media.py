"""How a body of the protocol is marked on its way between front and worker: by a media type with parameters.

`header` is the length of the JSON head, 0 where the body is nothing but JSON; `model` and `version` are what the
response repeats. The mark stays inside the server: clients see the media types and the header of the protocol.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

import msgspec

from ekiben.errors import BadInput

INFERENCE = "application/x-ekiben-inference"
_DIGITS = 12  # of a length: a terabyte


class Mark(msgspec.Struct, frozen=True):
    """What the media type of an inference body says."""

    header_bytes: int = 0
    model: str = ""
    version: str = ""

    def __str__(self) -> str:
        """The media type."""
        return f"{INFERENCE};header={self.header_bytes};model={quote(self.model)};version={quote(self.version)}"


def read_mark(content_type: str) -> Mark:
    """The mark that a media type is. Raises BadInput."""
    given = dict(part.strip().partition("=")[::2] for part in content_type.split(";")[1:])
    return Mark(
        header_bytes=header_length(given.get("header", "")),
        model=unquote(given.get("model", "")),
        version=unquote(given.get("version", "")),
    )


def header_length(text: str) -> int:
    """A length as a header says it; 0 where it says none. Raises BadInput."""
    text = text.strip()
    if text and not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise BadInput(
            f"`{text[:40]}` is no length of a head", hint="Inference-Header-Content-Length is a number of bytes"
        )
    return int(text or 0)
