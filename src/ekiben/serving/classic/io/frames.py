"""`PandasDataFrame`: a frame as JSON, CSV or Parquet. Loaded where a service names it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

import msgspec
import pandas as pd

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor, refuse_result, text_payload
from ekiben.serving.oip.signature import FRAME_TITLE
from ekiben.serving.payload.files import BINARY
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import JSON, Payload

Orient: TypeAlias = Literal["records", "columns", "index", "split", "values", "table"]
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
_FORMATS = {"json": JSON, "csv": CSV, "parquet": PARQUET}
_TYPES = {**{one: one for one in _FORMATS.values()}, "application/octet-stream": PARQUET}
_READ_FAILURES = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, OSError)


class PandasDataFrame(IODescriptor):
    """A frame; requests say by their media type what they hold, and are `default_format` where they do not.

    JSON is of the form `orient`. `apply_column_names` names the columns `columns`; with `enforce_dtype`, columns are
    read as `dtype` (one, or one by column), and with `enforce_shape` other shapes than `shape` are refused: -1 stands
    for any size.
    """

    def __init__(
        self,
        orient: Orient = "records",
        columns: Sequence[str] | None = None,
        apply_column_names: bool = False,
        dtype: bool | str | Mapping[str, Any] | None = None,
        enforce_dtype: bool = False,
        shape: tuple[int, ...] | None = None,
        enforce_shape: bool = False,
        default_format: Literal["json", "parquet", "csv"] = "json",
    ) -> None:
        if orient not in get_args(Orient):
            raise ServiceError(
                f"`orient={orient!r}` of `PandasDataFrame`", hint=f"one of {', '.join(get_args(Orient))}"
            )
        if default_format not in _FORMATS:
            raise ServiceError(f"`default_format={default_format!r}`", hint=f"one of {', '.join(_FORMATS)}")
        wants = (
            (apply_column_names, "columns", columns),
            (enforce_dtype, "dtype", dtype),
            (enforce_shape, "shape", shape),
        )
        for wanted, name, given in wants:
            if wanted and given is None:
                raise ServiceError(f"`PandasDataFrame` is to apply `{name}`, and has none")
        self._orient = orient
        self._columns = list(columns) if apply_column_names and columns is not None else None
        self._dtype: Any = dtype if enforce_dtype else None
        self._shape = shape if enforce_shape else None
        self.mime_type = _FORMATS[default_format]

    @property
    def media_types(self) -> tuple[str, ...]:
        """JSON, CSV and Parquet, the default first."""
        return (self.mime_type, *(one for one in _FORMATS.values() if one != self.mime_type))

    def learn(self, sample: Any) -> None:
        """A frame, or what makes one."""
        self.sample = pd.DataFrame(sample)

    def read(self, part: Part, folder: RequestFolder) -> object:
        """The frame, its columns and shape looked at."""
        media_type = _TYPES.get(part.content_type.partition(";")[0].strip().lower(), self.mime_type)
        source = io.BytesIO(bytes(part.content))
        try:
            match media_type:
                case "text/csv":
                    frame = pd.read_csv(source, dtype=self._dtype)
                case "application/json":
                    frame = pd.read_json(
                        source, dtype=True if self._dtype is None else self._dtype, orient=self._orient
                    )
                case _:
                    frame = pd.read_parquet(source)
        except ImportError as error:
            raise ServiceError("Parquet is not read here", hint="pip install pyarrow") from error
        except _READ_FAILURES as error:
            raise BadInput(f"`{part.name}` is no frame that can be read as `{media_type}`: {error}") from error
        return self._fitted(frame, part.name)

    def read_value(self, value: Any, name: str) -> object:
        """The frame itself, or that of records or columns."""
        try:
            frame = value if isinstance(value, pd.DataFrame) else pd.DataFrame(value)
        except _READ_FAILURES as error:
            raise BadInput(f"`{name}` is no frame: {error}") from error
        return self._fitted(frame, name)

    def write(self, value: object) -> Payload:
        """In the default format."""
        if not isinstance(value, pd.DataFrame):
            raise refuse_result(value, "a frame")
        try:
            frame = self._fitted(value, "the result")
            match self.mime_type:
                case "text/csv":
                    return text_payload(frame.to_csv(), CSV)
                case "application/json":
                    return text_payload(frame.to_json(orient=self._orient), JSON)
                case _:
                    return Payload(PARQUET, frame.to_parquet())
        except ImportError as error:
            raise ServiceError("Parquet is not written here", hint="pip install pyarrow") from error
        except BadInput as error:
            raise ServiceError(error.message) from error
        except _READ_FAILURES as error:
            raise ServiceError(f"the frame cannot be written as `{self.mime_type}`: {error}") from error

    def schema(self) -> JsonSchema:
        """Of JSON, by `orient`; binary text for Parquet."""
        if self.mime_type != JSON:
            return {"type": "string"} if self.mime_type == CSV else dict(BINARY)
        if self._orient == "records":
            return {"type": "array", "items": {"type": "object"}, "title": "pandas.DataFrame, records"}
        if self._orient == "values":
            return {"type": "array", "items": {"type": "array"}}
        return {"type": "object"}

    def tensor_schema(self) -> JsonSchema:
        """A frame, with its columns where they are named."""
        return {"title": FRAME_TITLE, "properties": {one: {} for one in self._columns or ()}}

    def example(self) -> object:
        """The sample in the form that JSON has here."""
        if self.sample is None or self.mime_type != JSON:
            return None
        return msgspec.json.decode(self.sample.to_json(orient=self._orient))

    def _fitted(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        if self._columns is not None:
            if len(self._columns) != frame.shape[1]:
                raise BadInput(f"`{name}`: {len(self._columns)} columns are asked for, and it has {frame.shape[1]}")
            frame = frame.set_axis(self._columns, axis="columns")
        check_shape(self._shape, frame.shape, name)
        return frame


def check_shape(wanted: tuple[int, ...] | None, shape: tuple[int, ...], name: str) -> None:
    """Raises BadInput where a size is not the wanted one; -1 is any."""
    if wanted is not None and not all(one in (-1, size) for one, size in zip(wanted, shape, strict=False)):
        raise BadInput(f"`{name}`: shape {wanted} is asked for, and it is {shape}")
