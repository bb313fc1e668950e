"""`ekiben.xgboost`: XGBoost models in the local store. A face: the work is in `ekiben.frameworks.xgboost`."""

from __future__ import annotations

from ekiben.frameworks.xgboost import get, get_runnable, load_model, save_model

__all__ = ["get", "get_runnable", "load_model", "save_model"]
