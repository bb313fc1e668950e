"""`ekiben.io`: descriptors of the classic style's inputs and outputs, and `SSE`. A face: names resolve on first use."""

from __future__ import annotations

import builtins
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ekiben.serving.classic.io.arrays import NumpyNdarray
    from ekiben.serving.classic.io.descriptor import IODescriptor
    from ekiben.serving.classic.io.files import File
    from ekiben.serving.classic.io.frames import PandasDataFrame
    from ekiben.serving.classic.io.images import Image
    from ekiben.serving.classic.io.json import JSON
    from ekiben.serving.classic.io.multipart import Multipart
    from ekiben.serving.classic.io.series import PandasSeries
    from ekiben.serving.classic.io.text import Text
    from ekiben.serving.payload.events import SSE

_NAMES = {
    "File": "ekiben.serving.classic.io.files",
    "IODescriptor": "ekiben.serving.classic.io.descriptor",
    "Image": "ekiben.serving.classic.io.images",
    "JSON": "ekiben.serving.classic.io.json",
    "Multipart": "ekiben.serving.classic.io.multipart",
    "NumpyNdarray": "ekiben.serving.classic.io.arrays",
    "PandasDataFrame": "ekiben.serving.classic.io.frames",
    "PandasSeries": "ekiben.serving.classic.io.series",
    "SSE": "ekiben.serving.payload.events",
    "Text": "ekiben.serving.classic.io.text",
}

__all__ = [
    "JSON",
    "SSE",
    "File",
    "IODescriptor",
    "Image",
    "Multipart",
    "NumpyNdarray",
    "PandasDataFrame",
    "PandasSeries",
    "Text",
]


def __getattr__(name: str) -> object:
    if name in _NAMES:
        value: object = getattr(importlib.import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"`ekiben.io` has no `{name}`", name=name)


def __dir__() -> builtins.list[str]:
    return sorted(__all__)
