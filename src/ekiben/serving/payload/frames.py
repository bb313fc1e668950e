"""Pandas frames and series as JSON. Loaded only where a service names pandas.

A DataFrame is read from records, `[{"a": 1, "b": 2}, ...]`, or from columns, `{"a": [1, ...], "b": [2, ...]}`, and
written as records; a Series is a list both ways. Columns and dtypes come from the data, `null` is a missing value, the
index counts from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
import pandas as pd

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.codec import OutputCodec
from ekiben.serving.payload.json_values import JsonOutput
from ekiben.serving.payload.marks import NO_MARKS, DataframeSchema, Marks
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import JSON, Payload

_DECODE = msgspec.json.Decoder().decode
_ROW: JsonSchema = {"type": "object", "additionalProperties": True}
_RECORDS: JsonSchema = {"type": "array", "items": _ROW, "title": "pandas.DataFrame, records"}
_COLUMNS: JsonSchema = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {}},
    "title": "pandas.DataFrame, columns",
}
_SERIES: JsonSchema = {"type": "array", "items": {}, "title": "pandas.Series"}

ANY_FRAME = DataframeSchema()

Codec: TypeAlias = "FrameInput | SeriesInput"


def input_codec(annotation: object, marks: Marks = NO_MARKS) -> Codec | None:
    """The codec of a DataFrame or Series annotation; None for other types of pandas."""
    if annotation is pd.DataFrame:
        marks.check_only(annotation, "frame", "content_type")
        return FrameInput(marks.frame or DataframeSchema())
    if annotation is pd.Series:
        marks.check_only(annotation, "content_type")
        return SeriesInput()
    return None


def output_codec(annotation: object, marks: Marks = NO_MARKS) -> JsonOutput | None:
    """The codec of a result annotated as a DataFrame or Series; None for other types of pandas."""
    if annotation is pd.DataFrame:
        marks.check_only(annotation, "frame", "content_type")
        return JsonOutput(_RECORDS) if marks.frame is None else FrameOutput(marks.frame)
    if annotation is pd.Series:
        marks.check_only(annotation, "content_type")
        return JsonOutput(_SERIES)
    return None


class FrameInput:
    """One parameter that is a DataFrame."""

    json_type = Any

    def __init__(self, declared: DataframeSchema = ANY_FRAME) -> None:
        self._columns = declared.columns

    def read_decoded(self, value: object, name: str) -> object:
        """The frame, or BadInput: neither records nor columns, columns of different lengths, a missing column."""
        frame = self._frame_of(value, name)
        return frame if self._columns is None else select_columns(frame, self._columns, name)

    def _frame_of(self, value: object, name: str) -> pd.DataFrame:
        try:
            if self._columns and isinstance(value, list) and value and isinstance(value[0], list):
                return pd.DataFrame(value, columns=list(self._columns))
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
        if not isinstance(value, pd.DataFrame):
            return self.read_decoded(value, name)
        return value if self._columns is None else select_columns(value, self._columns, name)

    def schema(self) -> JsonSchema:
        """Records or columns."""
        return {"anyOf": [_records(self._columns), _columns(self._columns)]}


class FrameOutput(JsonOutput):
    """A result that is a frame, written as its `DataframeSchema` says."""

    def __init__(self, declared: DataframeSchema, media_type: str = JSON) -> None:
        self._declared = declared
        is_records = declared.orient == "records"
        super().__init__(_records(declared.columns) if is_records else _columns(declared.columns), media_type)

    def named(self, media_type: str) -> OutputCodec:
        """The same under another media type."""
        return FrameOutput(self._declared, media_type)

    def encode(self, value: object) -> Payload:
        """Records, or a list for each column. Raises ServiceError where a column is missing."""
        if not isinstance(value, pd.DataFrame):
            return super().encode(value)
        if self._declared.columns is not None:
            try:
                value = select_columns(value, self._declared.columns, "the result")
            except BadInput as error:
                raise ServiceError(error.message, hint=error.hint) from error
        return super().encode(value if self._declared.orient == "records" else value.to_dict("list"))


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


def select_columns(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """The frame with these columns in this order. Raises BadInput that names those it lacks."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        listed = ", ".join(f"`{column}`" for column in missing)
        have = ", ".join(str(one) for one in frame.columns) or "none"
        raise BadInput(f"`{name}`: columns are missing: {listed}", hint=f"it has: {have}")
    return frame if list(frame.columns) == list(columns) else frame[list(columns)]


def _records(columns: Sequence[str] | None) -> JsonSchema:
    if columns is None:
        return _RECORDS
    row: JsonSchema = {"type": "object", "properties": {one: {} for one in columns}, "required": list(columns)}
    return {**_RECORDS, "items": row}


def _columns(columns: Sequence[str] | None) -> JsonSchema:
    if columns is None:
        return _COLUMNS
    lists = {one: {"type": "array", "items": {}} for one in columns}
    return {"type": "object", "properties": lists, "required": list(columns), "title": _COLUMNS["title"]}


def _decode(text: bytes, name: str) -> object:
    try:
        return _DECODE(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"`{name}`: {error}") from error
