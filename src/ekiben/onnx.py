"""`ekiben.onnx`: ONNX models in the local store. A face: the work is in `ekiben.frameworks.onnx`."""

from __future__ import annotations

from ekiben.frameworks.onnx import get, get_runnable, load_model, save_model

__all__ = ["get", "get_runnable", "load_model", "save_model"]
