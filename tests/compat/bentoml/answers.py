"""What is kept of an answer: enough to hold two servers to each other, and nothing that differs from run to run."""

from __future__ import annotations

import io

import httpx
import PIL.Image


def kept(answer: httpx.Response, *headers: str) -> dict[str, object]:
    """Status, kind and content; of the headers those that are named. What a failure says is the server's own affair."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    found: dict[str, object] = {"status": answer.status_code}
    if answer.is_success:
        found |= {"kind": kind, "content": content(kind, answer.content)}
    return found | {name: answer.headers.get(name) for name in headers}


def content(kind: str, body: bytes) -> object:
    """The value that a body of this kind means."""
    if kind == "application/json":
        return httpx.Response(200, content=body).json()
    if kind.startswith("image/"):
        image = PIL.Image.open(io.BytesIO(body))
        return {"size": image.size, "pixels": image.convert("RGB").tobytes().hex()}
    return body.decode(errors="replace")


def picture(*colours: tuple[int, int, int]) -> bytes:
    """A PNG of one row of pixels."""
    image = PIL.Image.new("RGB", (len(colours), 1))
    for column, colour in enumerate(colours):
        image.putpixel((column, 0), colour)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
