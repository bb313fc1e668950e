"""`ekiben.picklable_model`: any Python object in the local store. A face on `ekiben.frameworks.picklable_model`."""

from __future__ import annotations

from ekiben.frameworks.picklable_model import get, get_runnable, load_model, save_model

__all__ = ["get", "get_runnable", "load_model", "save_model"]
