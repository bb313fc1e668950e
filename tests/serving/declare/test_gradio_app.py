"""Gradio's interfaces, which need Gradio."""

from __future__ import annotations

import pytest

import ekiben
from ekiben.errors import ServiceError


def test_where_gradio_is_missing_that_is_said() -> None:
    with pytest.raises(ServiceError, match="needs the package `gradio`") as caught:
        ekiben.gradio.mount_gradio_app(object(), path="/ui")
    assert "pip install gradio" in str(caught.value.hint)
