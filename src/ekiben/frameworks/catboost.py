"""CatBoost: models of all its classes, saved in CatBoost's binary format (cbm). Such a file holds no code."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Unpack

from ekiben.errors import FrameworkError
from ekiben.frameworks.granted import granted_threads, has_granted_gpu
from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import Framework, ModelLike, SaveOptions, choose_signatures, class_in, class_named
from ekiben.store.loading import loading
from ekiben.store.models import Model
from ekiben.tag import Tag

if TYPE_CHECKING:
    from catboost import CatBoost

_CATBOOST = Framework("ekiben.catboost", "catboost", ("catboost",))
_FILE = "saved_model.cbm"
_CLASS = "training_class_name"  # in the options: BentoML's name for it


def save_model(name: str | Tag, model: CatBoost, **options: Unpack[SaveOptions]) -> Model:
    """Saves a fitted `CatBoost`, `CatBoostClassifier`, ... and gives it back as a Model.

    Without signatures `predict` takes one call at a time. Raises FrameworkError for what is none, or is not fitted;
    UsageError for a method that it lacks; VersionTaken; StoreError.
    """
    _CATBOOST.require()
    import catboost

    if not isinstance(model, catboost.CatBoost):
        raise FrameworkError(f"`{type(model).__name__}` is no CatBoost model")
    signatures = choose_signatures(model, options.get("signatures"), default="predict")
    with _CATBOOST.saving(name, signatures, options, options={_CLASS: class_in(catboost, model)}) as draft:
        try:
            model.save_model(str(draft.path_of(_FILE)))
        except catboost.CatBoostError as error:
            raise FrameworkError(f"`{type(model).__name__}` cannot be saved: {error}") from error
    return draft.model


def load_model(model: ModelLike) -> CatBoost:
    """The model, of the class that it was saved as. Logs a warning where CatBoost has another version.

    Raises ModelNotFound, FrameworkError, and DamagedItem where its file is missing or has changed.
    """
    saved = _CATBOOST.find_to_load(model)
    import catboost

    of_class = class_named(catboost, saved.manifest.options.get(_CLASS, "CatBoost"), catboost.CatBoost)
    with loading(saved.path, _FILE, str(saved.tag)) as path:
        loaded: CatBoost = of_class().load_model(str(path))
    return loaded


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _CATBOOST.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable of its signatures; results are arrays."""
    return signed_runnable(model, load_model, resources=("nvidia.com/gpu", "cpu"), call=_call)


def _call(method: Callable[..., Any], *args: object, **kwargs: object) -> object:
    taken = _parameters_of(getattr(method, "__func__", method))
    where = {name: value for name, value in _place().items() if name in taken}
    return method(*args, **{**where, **kwargs})


@cache
def _parameters_of(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)


def _place() -> dict[str, object]:
    """What its methods are told of where to run."""
    if has_granted_gpu():
        return {"task_type": "GPU"}
    threads = granted_threads()
    return {} if threads is None else {"thread_count": threads}
