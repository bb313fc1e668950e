"""JSON from strangers: UTF-8, bounded, one meaning. What is refused here would let two readers see two documents."""

from __future__ import annotations

import json
from typing import NoReturn

from ekiben.errors import InvalidSignature

MAX_BYTES = 64 * 1024 * 1024  # of a bundle: the statement of a model with a quarter of a million files


def parse_object(content: bytes, what: str) -> dict[str, object]:
    """The JSON object that `content` holds. Raises InvalidSignature, calling it `what`."""
    if len(content) > MAX_BYTES:
        raise InvalidSignature(f"{what} is larger than {MAX_BYTES} bytes")
    try:
        parsed = json.loads(content.decode(), object_pairs_hook=_with_unique_names, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise InvalidSignature(f"{what} is no JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise InvalidSignature(f"{what} is no JSON object")
    return parsed


def dump_object(content: dict[str, object]) -> bytes:
    """Compact JSON in ASCII with no line at its end, so that nothing can be cut off unseen."""
    return json.dumps(content, separators=(",", ":")).encode()


def _with_unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"`{text}` is no number")
