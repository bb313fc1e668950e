"""`ekiben.mlflow`: models of MLflow in the local store. A face: the work is in `ekiben.frameworks.mlflow`."""

from __future__ import annotations

from ekiben.frameworks.mlflow import get, get_runnable, import_model, load_model

__all__ = ["get", "get_runnable", "import_model", "load_model"]
