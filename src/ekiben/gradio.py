"""`ekiben.gradio`: user interfaces made with Gradio, beside the APIs of a service."""

from __future__ import annotations

from ekiben.serving.declare.gradio_app import mount_gradio_app

__all__ = ["mount_gradio_app"]
