"""`ekiben.transformers`: Hugging Face models, tokenizers and pipelines in the local store. A face on
`ekiben.frameworks.transformers`."""

from __future__ import annotations

from ekiben.frameworks.transformers import get, get_runnable, load_model, save_model

__all__ = ["get", "get_runnable", "load_model", "save_model"]
