"""Any Python object, saved by cloudpickle: what has no module of its own.

Functions and classes of the training script travel inside the pickle; those of installed packages are imported when it
is loaded. Loading runs code of whoever saved the model: load what you trust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from ekiben.frameworks.saved import (
    MODEL_FILE,
    ModelLike,
    choose_signatures,
    find_saved,
    installed_version,
    warn_of_other_python,
    warn_of_other_versions,
)
from ekiben.store.local import default_store
from ekiben.store.model_manifest import ModelContext
from ekiben.store.models import Model
from ekiben.store.pickles import dump_pickle, load_pickle
from ekiben.tag import Tag

MODULE = "ekiben.picklable_model"
_DISTRIBUTION = "cloudpickle"


def save_model(
    name: str | Tag,
    model: object,
    *,
    signatures: Mapping[str, object] | None = None,
    labels: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    custom_objects: Mapping[str, object] | None = None,
    external_modules: Sequence[ModuleType] = (),
    version: str | None = None,
) -> Model:
    """Saves any object and gives it back as a Model, whose `tag` is exact.

    `name` may be `name:version`. `signatures` says which methods take batches: `{"encode": {"batchable": True}}`;
    without it, `__call__` one call at a time. What `external_modules` define travels in the pickle. Raises
    FrameworkError for what does not pickle, UsageError for a method that it lacks, VersionTaken, StoreError.
    """
    context = ModelContext("cloudpickle", {_DISTRIBUTION: installed_version(_DISTRIBUTION)})
    with default_store().models.create(
        name,
        module=MODULE,
        signatures=choose_signatures(model, signatures, default="__call__"),
        labels=labels,
        metadata=metadata,
        context=context,
        version=version,
        custom_objects=custom_objects,
        external_modules=external_modules,
    ) as draft:
        dump_pickle(draft.path_of(MODEL_FILE), model, external_modules)
    return draft.model


def load_model(model: ModelLike) -> Any:
    """The object. Logs a warning where cloudpickle or Python has another version than the one it was saved with.

    Raises ModelNotFound, FrameworkError where code that it needs is missing or another module saved the model, and
    DamagedItem where its file is missing or has changed.
    """
    saved = get(model)
    warn_of_other_versions(saved)
    warn_of_other_python(saved)
    return load_pickle(saved.path_of(MODEL_FILE), str(saved.tag))


def get(tag: ModelLike) -> Model:
    """The Model without loading it. Raises FrameworkError where another module saved it."""
    return find_saved(tag, MODULE)
