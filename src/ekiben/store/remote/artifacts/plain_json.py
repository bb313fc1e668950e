"""Values of YAML as JSON has them, for showing: what a manifest may hold and JSON may not becomes text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date


def jsonable(content: Mapping[str, object]) -> dict[str, object]:
    """`content`, plain values of a manifest, with dates and numbers that are none as text."""
    return {key: _jsonable(value) for key, value in content.items()}


def _jsonable(value: object) -> object:
    if isinstance(value, Mapping):
        return jsonable(value)
    if isinstance(value, list | tuple):
        return [_jsonable(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
