"""Pandas frames and series as JSON. Loaded only where a service names pandas.

A DataFrame is read from records, `[{"a": 1, "b": 2}, ...]`, or from columns, `{"a": [1, ...], "b": [2, ...]}`, and
written as records; a Series is a list both ways. Columns and dtypes come from the data, `null` is a missing value, the
index counts from 0.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import pandas as pd

from ekiben.errors import BadInput
from ekiben.serving.payload.json_values import JsonOutput
from ekiben.serving.payload.schemas import JsonSchema

_DECODE = msgspec.json.Decoder().decode
_ROW: JsonSchema = {"type": "object", "additionalProperties": True}
_RECORDS: JsonSchema = {"type": "array", "items": _ROW, "title": "pandas.DataFrame, records"}
_COLUMNS: JsonSchema = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {}},
    "title": "pandas.DataFrame, columns",
}
_SERIES: JsonSchema = {"type": "array", "items": {}, "title": "pandas.Series"}

Codec: TypeAlias = "FrameInput | SeriesInput"


def input_codec(annotation: object) -> Codec | None:
    """The codec of a DataFrame or Series annotation; None for other types of pandas."""
    return FrameInput() if annotation is pd.DataFrame else SeriesInput() if annotation is pd.Series else None


def output_codec(annotation: object) -> JsonOutput | None:
    """The codec of a result annotated as a DataFrame or Series; None for other types of pandas."""
    return (
        JsonOutput(_RECORDS) if annotation is pd.DataFrame else JsonOutput(_SERIES) if annotation is pd.Series else None
    )


class FrameInput:
    """One parameter that is a DataFrame."""

    json_type = Any

    def read_decoded(self, value: object, name: str) -> object:
        """The frame, or BadInput: neither records nor columns, columns of different lengths."""
        try:
            if isinstance(value, list) and all(isinstance(row, dict) for row in value):
                return pd.DataFrame.from_records(value)
            if isinstance(value, dict) and all(isinstance(column, list) for column in value.values()):
                return pd.DataFrame(value)
            if isinstance(value, dict) and all(isinstance(column, dict) for column in value.values()):
                return pd.DataFrame(value).reset_index(drop=True)  # what DataFrame.to_json() writes
        except (ValueError, TypeError, OverflowError) as error:
            raise BadInput(f"`{name}`: the rows or columns do not make a frame: {error}") from error
        raise BadInput(f"`{name}`: a frame is a list of records, or an object with a list for each column")

    def read_json(self, text: bytes, name: str) -> object:
        """The frame of a JSON text, or BadInput."""
        return self.read_decoded(_decode(text, name), name)

    def read_form(self, text: bytes, name: str) -> object:
        """As JSON: a frame has no other spelling."""
        return self.read_json(text, name)

    def read_value(self, value: object, name: str) -> object:
        """The frame itself, or that of records or columns."""
        return value if isinstance(value, pd.DataFrame) else self.read_decoded(value, name)

    def schema(self) -> JsonSchema:
        """Records or columns."""
        return {"anyOf": [_RECORDS, _COLUMNS]}


class SeriesInput:
    """One parameter that is a Series."""

    json_type = Any

    def read_decoded(self, value: object, name: str) -> object:
        """The series, or BadInput where the JSON is no list."""
        if not isinstance(value, list):
            raise BadInput(f"`{name}`: a series is a list")
        try:
            return pd.Series(value)
        except (ValueError, TypeError, OverflowError) as error:
            raise BadInput(f"`{name}`: the values do not make a series: {error}") from error

    def read_json(self, text: bytes, name: str) -> object:
        """The series of a JSON text, or BadInput."""
        return self.read_decoded(_decode(text, name), name)

    def read_form(self, text: bytes, name: str) -> object:
        """As JSON: a series has no other spelling."""
        return self.read_json(text, name)

    def read_value(self, value: object, name: str) -> object:
        """The series itself, or that of a list."""
        return value if isinstance(value, pd.Series) else self.read_decoded(value, name)

    def schema(self) -> JsonSchema:
        """A list."""
        return dict(_SERIES)


def _decode(text: bytes, name: str) -> object:
    try:
        return _DECODE(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"`{name}`: {error}") from error
