"""`ekiben.lightgbm`: LightGBM boosters in the local store. A face: the work is in `ekiben.frameworks.lightgbm`."""

from __future__ import annotations

from ekiben.frameworks.lightgbm import get, get_runnable, load_model, save_model

__all__ = ["get", "get_runnable", "load_model", "save_model"]
