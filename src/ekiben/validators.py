"""`ekiben.validators`: what stands in `Annotated[...]` of a service's methods, under BentoML's names."""

from __future__ import annotations

from ekiben.serving.payload.marks import ContentType, DataframeSchema, DType, Shape

__all__ = ["ContentType", "DType", "DataframeSchema", "Shape"]
