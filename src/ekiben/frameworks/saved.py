"""What the framework modules share: the model that one of them saved, and its versions then and now.

A version that changed is told by a warning of the logger `ekiben`, not by `warnings`: servers show their log, and
Python shows a warning once for each line of code, so that it would name the first of several models alone.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from typing import TypeAlias

from ekiben.errors import FrameworkError, UsageError
from ekiben.report import logger
from ekiben.store.local import default_store
from ekiben.store.models import Model
from ekiben.store.reference import BentoModel
from ekiben.tag import Tag

ModelLike: TypeAlias = str | Tag | Model | BentoModel  # whatever load_model takes

MODEL_FILE = "saved_model.pkl"  # BentoML's name for it, in both modules


def find_saved(wanted: ModelLike, module: str) -> Model:
    """The model that `wanted` means. Raises ModelNotFound, and FrameworkError where not `module` saved it."""
    model = wanted if isinstance(wanted, Model) else _look_up(wanted)
    saved_by = model.manifest.module
    if saved_by == module:
        return model
    if not saved_by:
        raise FrameworkError(
            f"`{model.tag}` was saved without a framework module", hint=f"read its files yourself: `{model.path}`"
        )
    raise FrameworkError(f"`{model.tag}` was saved by `{saved_by}`", hint=f"load it with `{saved_by}.load_model`")


def _look_up(wanted: str | Tag | BentoModel) -> Model:
    return wanted.resolve() if isinstance(wanted, BentoModel) else default_store().models.get(wanted)


def installed_version(distribution: str) -> str:
    """The version of an installed distribution. Raises FrameworkError saying how to install it."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise FrameworkError(f"`{distribution}` is not installed", hint=f"pip install {distribution}") from error


def warn_of_other_versions(model: Model) -> None:
    """Logs a warning for each distribution whose version is not the one that the model was saved with."""
    for distribution, saved in model.manifest.context.framework_versions.items():
        installed = installed_version(distribution)
        if installed != saved:
            logger.warning(
                "model `%s` was saved with %s %s and is loaded with %s: it may fail or answer differently",
                model.tag, distribution, saved, installed,
            )  # fmt: skip


def warn_of_other_python(model: Model) -> None:
    """Logs a warning where the model was saved by another minor version of Python, for formats that hold bytecode."""
    saved, running = model.manifest.context.python_version, platform.python_version()
    if saved and saved.split(".")[:2] != running.split(".")[:2]:
        logger.warning(
            "model `%s` was pickled by Python %s and is loaded by %s: it may fail", model.tag, saved, running
        )


def choose_signatures(model: object, given: Mapping[str, object] | None, default: str) -> Mapping[str, object]:
    """The signatures to record: the given ones, else `default` where the model has that method.

    Raises UsageError for a given method that the model lacks.
    """
    if given is None:
        return {default: {"batchable": False}} if hasattr(model, default) else {}
    for method in given:
        if not hasattr(model, method):
            raise UsageError(f"`{type(model).__name__}` has no method `{method}`", hint="correct the signatures")
    return given
