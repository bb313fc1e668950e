"""`PandasSeries`: a series as JSON. Loaded where a service names it."""

from __future__ import annotations

import io
from typing import Any, Literal, TypeAlias, get_args

import msgspec
import numpy as np
import pandas as pd

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor, refuse_result, text_payload
from ekiben.serving.classic.io.frames import check_shape
from ekiben.serving.oip.signature import SERIES_TITLE
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import JSON, Payload

Orient: TypeAlias = Literal["records", "index", "split", "table"]
_READ_FAILURES = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


class PandasSeries(IODescriptor):
    """A series in JSON of the form `orient`; values are cast to `dtype` where that keeps their kind.

    With `enforce_dtype` and `enforce_shape`, what does not fit is refused; -1 in `shape` stands for any size.
    """

    def __init__(
        self,
        orient: Orient = "records",
        dtype: str | None = None,
        enforce_dtype: bool = False,
        shape: tuple[int, ...] | None = None,
        enforce_shape: bool = False,
    ) -> None:
        if orient not in get_args(Orient):
            raise ServiceError(f"`orient={orient!r}` of `PandasSeries`", hint=f"one of {', '.join(get_args(Orient))}")
        try:
            self._dtype = None if dtype is None else np.dtype(dtype)
        except TypeError as error:
            raise ServiceError(f"`{dtype}` is no dtype: {error}") from error
        self._orient = orient
        self._enforces_dtype = enforce_dtype
        self._shape = shape if enforce_shape else None

    def learn(self, sample: Any) -> None:
        """A series, or what makes one."""
        self.sample = pd.Series(sample)

    def read(self, part: Part, folder: RequestFolder) -> object:
        """The series."""
        source = io.BytesIO(bytes(part.content))
        try:
            series = pd.read_json(source, typ="series", orient=self._orient)
        except _READ_FAILURES as error:
            raise BadInput(f"`{part.name}` is no series that can be read: {error}") from error
        return self._fitted(series, part.name)

    def read_value(self, value: Any, name: str) -> object:
        """The series itself, or that of a list."""
        try:
            return self._fitted(value if isinstance(value, pd.Series) else pd.Series(value), name)
        except _READ_FAILURES as error:
            raise BadInput(f"`{name}` is no series: {error}") from error

    def write(self, value: object) -> Payload:
        """JSON."""
        if not isinstance(value, pd.Series):
            raise refuse_result(value, "a series")
        try:
            return text_payload(self._fitted(value, "the result").to_json(orient=self._orient), JSON)
        except (BadInput, *_READ_FAILURES) as error:
            raise ServiceError(f"the series cannot be written: {error}") from error

    def schema(self) -> JsonSchema:
        """A list, or an object by index."""
        return {"type": "array", "items": {}} if self._orient == "records" else {"type": "object"}

    def tensor_schema(self) -> JsonSchema:
        """A series of this dtype."""
        return {"title": SERIES_TITLE, **({} if self._dtype is None else {"x-dtype": str(self._dtype)})}

    def example(self) -> object:
        """The sample in the form that JSON has here."""
        return None if self.sample is None else msgspec.json.decode(self.sample.to_json(orient=self._orient))

    def _fitted(self, series: pd.Series[Any], name: str) -> pd.Series[Any]:
        check_shape(self._shape, series.shape, name)
        if self._dtype is None or self._dtype == series.dtype:
            return series
        if isinstance(series.dtype, np.dtype) and np.can_cast(series.dtype, self._dtype, casting="same_kind"):
            return series.astype(self._dtype)
        if self._enforces_dtype:
            raise BadInput(f"`{name}`: dtype {self._dtype} is asked for, and it is {series.dtype}")
        return series
