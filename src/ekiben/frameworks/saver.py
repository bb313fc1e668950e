"""The framework module that saved a model, and what `Model` has of it: `load_model` and `to_runnable`."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from ekiben.errors import FrameworkError
from ekiben.frameworks.runnable import Runnable
from ekiben.store.models import Model

_ROOM = "ekiben.frameworks"


def load_model(model: Model, *args: Any, **kwargs: Any) -> Any:
    """What the `load_model` of its framework module gives, which takes the further arguments.

    Raises FrameworkError, also for a model that no framework module of ekiben saved, and DamagedItem.
    """
    return _saver_of(model, "read its files yourself, from its `path`").load_model(model, *args, **kwargs)


def to_runnable(model: Model) -> type[Runnable]:
    """A class whose methods are the saved signatures. Raises FrameworkError as `load_model` does."""
    hint = "write a subclass of `ekiben.Runnable` that reads its files, and give it to `ekiben.Runner`"
    runnable: type[Runnable] = _saver_of(model, hint).get_runnable(model)
    return runnable


def _saver_of(model: Model, hint: str) -> ModuleType:
    saved_by = model.manifest.module
    package, _, framework = saved_by.partition(".")
    if package == "ekiben" and framework.isidentifier():
        try:
            module = importlib.import_module(f"{_ROOM}.{framework}")
        except ModuleNotFoundError as error:
            raise FrameworkError(f"`{model.tag}` was saved by `{saved_by}`: {error}", hint=hint) from error
        if hasattr(module, "get_runnable"):
            return module
    named = f"`{saved_by}`" if saved_by else "no framework module"
    raise FrameworkError(f"`{model.tag}` was saved by {named}: what runs it is not known", hint=hint)
