"""`mount_gradio_app`: a Gradio interface beside the APIs of a service. Alone in touching Gradio, which users bring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ekiben.errors import ServiceError
from ekiben.serving.declare.mounts import asgi_app

S = TypeVar("S")


def mount_gradio_app(blocks: Any, path: str, name: str = "gradio_ui") -> Callable[[S], S]:
    """Mounts Gradio's `blocks` (a `Blocks` or an `Interface`) at `path`, above or below `@service`.

    `name` is what logs call it. Raises ServiceError where Gradio is not installed.
    """
    try:
        import gradio
        from fastapi import FastAPI
    except ImportError as error:
        raise ServiceError(
            "`ekiben.gradio` needs the package `gradio`, which is not installed",
            hint="`pip install gradio`, and name it among the packages of the bentofile",
        ) from error
    around = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app = gradio.mount_gradio_app(around, blocks, path="/", show_error=True)
    return asgi_app(app, path=path, name=name)
