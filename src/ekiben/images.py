"""`ekiben.images`: `Image`, by which a service says in its own file what image it runs in, under BentoML's name."""

from __future__ import annotations

from ekiben.serving.declare.image import Image

__all__ = ["Image"]
