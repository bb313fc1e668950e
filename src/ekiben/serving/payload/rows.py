"""Counts the rows of a JSON value without building it: what the batcher asks before anybody decodes the body."""

from __future__ import annotations

from typing import Any

import msgspec

from ekiben.serving.wire import Body

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_COLUMNS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def count_json_rows(text: bytes, batch_dim: int) -> int:
    """The length of nested lists along `batch_dim`, or of a frame's first column; 1 where there is neither."""
    try:
        if text.lstrip()[:1] == b"{":
            columns = _COLUMNS.decode(text)
            first = next(iter(columns.values()), None)
            return 1 if first is None else _column_length(bytes(first))
        items = _ITEMS.decode(text)
        return len(items) if batch_dim == 0 or not items else count_json_rows(bytes(items[0]), batch_dim - 1)
    except (msgspec.MsgspecError, RecursionError):
        return 1


class ListedRows:
    """Counts the rows of the usual body in one pass: an object in which the parameter `name` is a list."""

    __slots__ = ("_decoder",)

    def __init__(self, name: str) -> None:
        kind = msgspec.defstruct("Listed", [("rows", list[msgspec.Raw])], rename={"rows": name}, gc=False)
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)

    def count(self, body: Body) -> int | None:
        """The length of the list; None for any other body."""
        try:
            return len(self._decoder.decode(body).rows)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None


def _column_length(text: bytes) -> int:
    return len(_COLUMNS.decode(text)) if text.lstrip()[:1] == b"{" else len(_ITEMS.decode(text))
