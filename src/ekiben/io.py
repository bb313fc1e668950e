"""`ekiben.io`: of BentoML's `bentoml.io`, what services written as classes use."""

from __future__ import annotations

from ekiben.serving.payload.events import SSE

__all__ = ["SSE"]
