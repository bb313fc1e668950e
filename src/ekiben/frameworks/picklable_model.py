"""Any Python object, saved by cloudpickle: what has no module of its own.

Functions and classes of the training script travel inside the pickle; those of installed packages are imported when it
is loaded. Loading runs code of whoever saved the model: load what you trust.
"""

from __future__ import annotations

from typing import Any, Unpack

from ekiben.frameworks.runnable import Runnable, signed_runnable
from ekiben.frameworks.saved import (
    MODEL_FILE,
    Framework,
    ModelLike,
    SaveOptions,
    choose_signatures,
    warn_of_other_python,
)
from ekiben.store.models import Model
from ekiben.store.pickles import dump_pickle, load_pickle
from ekiben.tag import Tag

_CLOUDPICKLE = Framework("ekiben.picklable_model", "cloudpickle", ("cloudpickle",))


def save_model(name: str | Tag, model: object, **options: Unpack[SaveOptions]) -> Model:
    """Saves any object and gives it back as a Model, whose `tag` is exact.

    `name` may be `name:version`. Without signatures `__call__` takes one call at a time. What `external_modules` define
    travels in the pickle. Raises FrameworkError for what does not pickle, UsageError for a method that it lacks,
    VersionTaken, StoreError.
    """
    signatures = choose_signatures(model, options.get("signatures"), default="__call__")
    with _CLOUDPICKLE.saving(name, signatures, options) as draft:
        dump_pickle(draft.path_of(MODEL_FILE), model, options.get("external_modules") or ())
    return draft.model


def load_model(model: ModelLike) -> Any:
    """The object. Logs a warning where cloudpickle or Python has another version than the one it was saved with.

    Raises ModelNotFound, FrameworkError where code that it needs is missing or another module saved the model, and
    DamagedItem where its file is missing or has changed.
    """
    saved = _CLOUDPICKLE.find_to_load(model)
    warn_of_other_python(saved)
    return load_pickle(saved.path_of(MODEL_FILE), str(saved.tag))


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return _CLOUDPICKLE.get(tag)


def get_runnable(model: Model) -> type[Runnable]:
    """A Runnable of its signatures, on CPUs, one thread for each worker: nothing is known of the object."""
    return signed_runnable(model, load_model, multi_threading=False)
