"""The body of an answer -> the value that a call gives.

as JSON or as values   itself; an array, tensor or frame where the API says so
a file                 its path in the client's folder
an image               a PIL image
text, bytes            themselves
"""

from __future__ import annotations

import io
import mimetypes
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ekiben.clients.endpoints import ClientEndpoint, Types
from ekiben.errors import RequestError
from ekiben.serving.payload.files import safe_name
from ekiben.serving.payload.values import VALUES, decode_values

NPY = "application/x-npy"
NO_CONTENT = 204
_NAMED = re.compile(r"""filename="?([^";]+)"?""")


@dataclass(frozen=True, slots=True)
class ReceivedAnswer:
    """An answer whose body is there; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def read_result(endpoint: ClientEndpoint, answer: ReceivedAnswer, folder: Path) -> object:
    """The value; a file is stored in `folder`. Raises RequestError for an answer that cannot be read."""
    if answer.status == NO_CONTENT:
        return None
    if endpoint.output.get("type") == "file":
        return _image(answer) if endpoint.output.get("pil") else _store(answer, folder)
    media_type = answer.media_type
    try:
        if media_type == VALUES:
            return decode_values(memoryview(bytearray(answer.body)))
        if media_type == NPY:
            return _npy(answer.body)
        if media_type.endswith("json"):
            if endpoint.model is not None:
                return endpoint.model.validate_json(answer.body)
            return typed(msgspec.json.decode(answer.body), endpoint.output)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RequestError(f"the answer of `{endpoint.name}` is no `{media_type}`: {error}") from error
    is_text = media_type.startswith("text/") and endpoint.output.get("format") != "binary"
    return answer.body.decode("utf-8", "replace") if is_text else answer.body


def typed(value: Any, types: Types) -> object:
    """A value of JSON as the array, tensor or frame that the API says it is; itself, where it says nothing such."""
    match types.get("type"), types.get("format"):
        case "tensor", "torch-tensor":
            import torch

            return torch.tensor(value)
        case "tensor", _:
            import numpy as np

            return np.asarray(value, dtype=types.get("dtype"))
        case "dataframe", _:
            import pandas as pd

            return pd.DataFrame(value)
        case _:
            return value


def _npy(body: bytes) -> object:
    import numpy as np

    return np.load(io.BytesIO(body), allow_pickle=False)


def _image(answer: ReceivedAnswer) -> object:
    from PIL import Image

    image = Image.open(io.BytesIO(answer.body))
    image.load()
    return image


def _store(answer: ReceivedAnswer, folder: Path) -> Path:
    """The file, under the name that the server gives it, or one with the suffix of its type."""
    named = _NAMED.search(answer.headers.get("content-disposition", ""))
    suffix = mimetypes.guess_extension(answer.media_type) or ""
    place = Path(tempfile.mkdtemp(dir=folder))
    path = place / (safe_name(named[1]) if named else f"result{suffix}")
    path.write_bytes(answer.body)
    return path
