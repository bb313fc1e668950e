"""`ekiben.torchscript`: TorchScript modules in the local store. A face on `ekiben.frameworks.torchscript`."""

from __future__ import annotations

from ekiben.frameworks.torchscript import get, get_runnable, load_model, save_model

__all__ = ["get", "get_runnable", "load_model", "save_model"]
