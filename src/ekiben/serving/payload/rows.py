"""Counts the rows of a JSON value without building it: what the batcher asks before anybody decodes the body."""

from __future__ import annotations

import msgspec

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


def _column_length(text: bytes) -> int:
    return len(_COLUMNS.decode(text)) if text.lstrip()[:1] == b"{" else len(_ITEMS.decode(text))
