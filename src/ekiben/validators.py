"""`ekiben.validators`: what stands in `Annotated[...]` of a service's methods, under BentoML's names."""

from __future__ import annotations

from ekiben.serving.payload.annotations import ContentType

__all__ = ["ContentType"]
